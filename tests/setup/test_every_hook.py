"""Tests of every hook that an installation makes, found by comparing every attribute of every module and class."""

from __future__ import annotations

import gc
import importlib
import inspect
import pickle
import pydoc
import sys
import threading
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from http.client import HTTPConnection
from subprocess import Popen
from types import FunctionType, MethodType, ModuleType
from typing import Any
from unittest.mock import create_autospec

import pytest
from opentelemetry import trace

import otel_crumbs
from tests.application import no_global_providers

# The libraries whose functions are hooked; those that are not installed have no hooks.
HOOKED = (
    *("asyncio", "concurrent.futures.thread", "http.client", "logging", "multiprocessing.process", "subprocess"),
    *("threading", "urllib.request", "aiohttp.tracing", "opentelemetry.instrumentation.dbapi", "psycopg"),
    *("requests.sessions", "uvloop", "anyio._backends._asyncio", "aiohttp.web_protocol", "django.http.response"),
    *("opentelemetry.instrumentation.asgi", "werkzeug.wsgi"),
)

# By name, the properties in which a stand-in is told from the original, each with the reason.
BUILT_IN = "a function of Python stands in for a built-in one, whose arguments have no names"
INHERENT = {
    "sys.unraisablehook": BUILT_IN,
    "signal.set_wakeup_fd": BUILT_IN,
    "os._exit": BUILT_IN,
    "os.execv": BUILT_IN,
    "os.execve": BUILT_IN,
    "uvloop.Loop.call_exception_handler": BUILT_IN,
    "uvloop.Loop.subprocess_exec": BUILT_IN,
    "uvloop.Loop.subprocess_shell": BUILT_IN,
    "psycopg.BaseConnection._exec_command": "a generator more for each command would cost more than its kind is worth",
}

_MISSING = object()


@dataclass(frozen=True)
class Hook:
    """A hooked attribute: what was there, and what stands in for it."""

    owner: Any
    name: str
    before: Any
    after: Any

    @property
    def label(self) -> str:
        """The attribute's name, short."""
        if isinstance(self.owner, type):
            return f"{self.owner.__module__.partition('.')[0]}.{self.owner.__qualname__}.{self.name}"
        return f"{self.owner.__name__}.{self.name}"

    @property
    def functions(self) -> tuple[Any, Any]:
        """The functions themselves: of what was there, and of what stands in for it."""
        return strip(self.before), strip(self.after)


def strip(attribute: Any) -> Any:
    """Return the function below a class method, static method, bound method or descriptor, as its class gives it."""
    if type(attribute).__module__.startswith("otel_crumbs"):
        return attribute.__get__(None, object)
    return attribute.__func__ if isinstance(attribute, classmethod | staticmethod | MethodType) else attribute


def owners() -> Iterator[Any]:
    """Iterate over every module and class that is not of this package or its tests."""
    modules = {id(module): module for module in sys.modules.values() if type(module) is ModuleType}
    classes = (each for each in gc.get_objects() if issubclass(type(each), type))
    for owner in (*modules.values(), *classes):
        home = owner.__name__ if isinstance(owner, ModuleType) else str(getattr(owner, "__module__", ""))
        if home.partition(".")[0] not in {"otel_crumbs", "tests"}:
            yield owner


def attributes() -> dict[tuple[int, str], tuple[Any, Any]]:
    """Return every attribute with its owner."""
    return {(id(owner), name): (owner, value) for owner in owners() for name, value in list(vars(owner).items())}


def inherited(owner: Any, name: str) -> Any:
    """Return an attribute that a class inherits, as it is kept."""
    return next((vars(base)[name] for base in owner.__mro__[1:] if name in vars(base)), _MISSING)


def put_in_built_in_hooks(patch: pytest.MonkeyPatch) -> None:
    """Have Python's own hooks in place; pytest and others have their own."""
    patch.setattr(sys, "excepthook", sys.__excepthook__)
    patch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
    patch.setattr(threading, "excepthook", threading.__excepthook__)


@pytest.fixture(scope="module")
def hooks() -> list[Hook]:
    """Find every hook that an installation makes where all libraries are imported that it hooks."""
    for name in HOOKED:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    with no_global_providers(), pytest.MonkeyPatch.context() as patch:
        put_in_built_in_hooks(patch)
        otel_crumbs.install(exporter="none")
        otel_crumbs.uninstall()
        before = attributes()
        otel_crumbs.install(exporter="none")
        during = attributes()
        otel_crumbs.uninstall()
        gc.collect()
        after = attributes()
    known = {owner for owner, _ in before}
    changed = [(key, *found) for key, found in during.items() if key[0] in known and is_other(before.get(key), found)]
    left = {key for key, found in after.items() if is_other(before.get(key), found)}
    made = {
        key: Hook(owner, key[1], before[key][1] if key in before else inherited(owner, key[1]), value)
        for key, owner, value in changed
        if callable(strip(value)) and "otel_crumbs" in home_of(value)
    }
    assert [hook.label for key, hook in made.items() if key in left] == []
    return [*made.values()]


def is_other(before: tuple[Any, Any] | None, found: tuple[Any, Any]) -> bool:
    """Return whether an attribute is not what it was."""
    return before is None or before[1] is not found[1]


def home_of(attribute: Any) -> str:
    """Return the module of a function's code, or of a descriptor's class."""
    return f"{getattr(strip(attribute), '__globals__', {}).get('__name__')} {type(attribute).__module__}"


def different(hooks: list[Hook], read: Callable[[Any], Any]) -> dict[str, tuple[Any, Any]]:
    """Return the hooks whose stand-ins differ in a property, but for those that must."""
    found = {hook.label: tuple(map(read, hook.functions)) for hook in hooks if hook.label not in INHERENT}
    return {label: (before, after) for label, (before, after) in found.items() if before != after}


def test_every_hook_is_found(hooks: list[Hook]) -> None:
    """The comparison sees what is hooked: else the tests below would have nothing to compare."""
    labels = {hook.label for hook in hooks}

    assert labels >= {
        *("sys.unraisablehook", "os._exit"),
        *("asyncio.BaseEventLoop.create_task", "asyncio.BaseEventLoop.call_exception_handler"),
        *("http.HTTPConnection.putrequest", "http.HTTPConnection.endheaders", "http.HTTPConnection.getresponse"),
        *("subprocess.Popen._execute_child", "subprocess.Popen.wait", "multiprocessing.BaseProcess._bootstrap"),
        *("concurrent._WorkItem.run", "urllib.HTTPRedirectHandler.redirect_request"),
        "opentelemetry.trace._set_tracer_provider",
    }


def read_signature(function: Any) -> str:
    """Return a signature as a text, or why there is none."""
    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError) as error:
        return type(error).__name__


def read_source(function: Any) -> str | None:
    """Return the source of a function, None for one that is built in."""
    try:
        return inspect.getsource(function)
    except TypeError:
        return None


def read_help(function: Any) -> str | None:
    """Return what `help()` shows; that of a function without documentation is found by its place in its class."""
    return None if function.__doc__ is None else pydoc.render_doc(function)


def read_hints(function: Any) -> Any:
    """Return the types of a function's arguments, or why they cannot be told."""
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError) as error:
        return type(error).__name__


@pytest.mark.parametrize(
    "read",
    [
        *(
            lambda function, name=name: getattr(function, name, None)
            for name in ("__name__", "__qualname__", "__doc__")
        ),
        *(lambda function, name=name: getattr(function, name, None) for name in ("__defaults__", "__kwdefaults__")),
        lambda function: getattr(function, "__module__", None),
        lambda function: getattr(function, "__annotations__", {}),
        read_signature,
        read_hints,
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
        inspect.isroutine,
        read_source,
        read_help,
        type,
    ],
)
def test_a_stand_in_looks_like_the_original(hooks: list[Hook], read: Callable[[Any], Any]) -> None:
    """Documentation, type checkers, mocks and the curious see no difference."""
    assert different(hooks, read) == {}


def test_a_stand_in_is_kept_as_the_original_is(hooks: list[Hook]) -> None:
    """Class methods stay such, and bound methods stay bound to the same object."""
    kinds = {hook.label: (hook.before.__class__, hook.after.__class__) for hook in hooks if hook.label not in INHERENT}
    bound = {
        hook.label: (hook.before.__self__, hook.after.__self__) for hook in hooks if type(hook.after) is MethodType
    }

    assert {label: pair for label, pair in kinds.items() if pair[0] is not pair[1]} == {}
    assert {label: pair for label, pair in bound.items() if pair[0] is not pair[1]} == {}


def test_stand_ins_for_built_in_functions_have_their_names(hooks: list[Hook]) -> None:
    """All but their kind is as before."""
    for hook in hooks:
        if INHERENT.get(hook.label) is BUILT_IN:
            before, after = hook.functions
            assert (after.__name__, after.__qualname__, after.__doc__) == (
                before.__name__,
                before.__qualname__,
                before.__doc__,
            )
            assert read_signature(after) == read_signature(before)
            assert typing.get_type_hints(after) == {}
            assert type(after) is FunctionType


def test_a_stand_in_takes_every_call_by_name(hooks: list[Hook]) -> None:
    """Whoever hands arguments over by name, a subclass to `super()` for one, has the original's names."""
    refused = {}
    for hook in hooks:
        before, after = hook.functions
        if hook.label in INHERENT:
            continue
        own = inspect.signature(after, follow_wrapped=False)
        parameters = inspect.signature(before).parameters.values()
        named = {each.name: each for each in parameters if each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}}
        try:
            own.bind(**named)
            own.bind(*[each for each in named.values() if each.kind is not each.KEYWORD_ONLY])
        except TypeError as error:
            refused[hook.label] = str(error)

    assert refused == {}


def test_a_stand_in_is_pickled_as_the_original_is(hooks: list[Hook], monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name: a child that is spawned finds its own, as `multiprocessing` with the target `os._exit` does."""

    def can_pickle(hook: Hook) -> bool:
        try:
            return pickle.loads(pickle.dumps(getattr(hook.owner, hook.name))) is not None  # noqa: S301 - it was made here
        except (AttributeError, pickle.PicklingError):
            return False

    put_in_built_in_hooks(monkeypatch)
    before = {hook.label: can_pickle(hook) for hook in hooks}
    otel_crumbs.install(exporter="none")
    during = {hook.label: can_pickle(hook) for hook in hooks}

    assert [label for label, fine in before.items() if fine and not during[label]] == []


@pytest.mark.parametrize("kind", [HTTPConnection, Popen])
def test_a_mock_takes_and_refuses_the_same_calls(kind: Any) -> None:
    """`create_autospec` makes a mock by the signatures."""

    def ask() -> list[str]:
        connection = create_autospec(kind)("host")
        said = []
        for name in ("putrequest", "endheaders", "getresponse", "wait", "communicate", "poll"):
            for arguments in ((), ("GET",), ("GET", "/"), (1, 2, 3, 4, 5, 6)):
                for named in ({}, {"timeout": 1}, {"url": "/"}, {"encode_chunked": True}, {"nobody": 1}):
                    try:
                        getattr(connection, name)(*arguments, **named)
                    except (AttributeError, TypeError) as error:
                        said.append(f"{name} {arguments} {named} {error}")
        return said

    without = ask()
    otel_crumbs.install(exporter="none")
    assert ask() == without


def test_a_subclass_calls_what_it_overrides() -> None:
    """By name or by place, through the stand-in and after it is gone."""

    class Connection(HTTPConnection):
        def putrequest(self, *args: Any, **kwargs: Any) -> None:
            super().putrequest(*args, **kwargs)

    def ask() -> bytes:
        connection = Connection("host")
        connection.putrequest(method="GET", url="/there", skip_host=True, skip_accept_encoding=True)
        connection._HTTPConnection__state = "Idle"  # type: ignore[attr-defined]  # as after a response
        connection.putrequest("GET", "/there", skip_host=True, skip_accept_encoding=True)
        return b"|".join(connection._buffer)  # type: ignore[attr-defined]  # what would be sent

    without = ask()
    otel_crumbs.install(exporter="none")
    during = ask()
    otel_crumbs.uninstall()

    assert without == during == ask() == b"GET /there HTTP/1.1|GET /there HTTP/1.1"


def test_a_wrapper_of_a_stand_in_wraps_the_original() -> None:
    """Whoever wraps a stand-in by `functools.wraps` gets the original's looks from it."""
    otel_crumbs.install(exporter="none")
    inner = HTTPConnection.putrequest

    @wraps(inner)
    def wrapper(*args: Any, **kwargs: Any) -> None:
        inner(*args, **kwargs)

    otel_crumbs.uninstall()

    assert inspect.signature(wrapper) == inspect.signature(HTTPConnection.putrequest)
    assert inspect.unwrap(wrapper) is HTTPConnection.putrequest


def test_providers_may_be_set_by_name() -> None:
    """The private function that a public one ends in takes its arguments by any name that the original has."""
    with no_global_providers():
        otel_crumbs.install(exporter="none")
        provider = trace.NoOpTracerProvider()

        trace._set_tracer_provider(tracer_provider=provider, log=False)  # type: ignore[attr-defined]  # it is private

        assert trace.get_tracer_provider() is provider
