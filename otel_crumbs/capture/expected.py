"""
The exceptions that are expected: the program's way to stop or to answer, and no failures.

One table says which. Classes are known by their names, so that nothing is
imported for them; a subclass of an expected one is expected as well. What the
interpreter keeps of classes, modules and exceptions is read by its own
descriptors, for the application's own may have ideas of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.exceptions import members_of, traceback_of
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.plain import name_class

_SERVER_ERROR = 500
# Exceptions of a group that are looked at; a group that has more is a failure.
_MAX_EXCEPTIONS = 1000
# The functions that end a worker by the signal of its parent, which says why: the worker was silent for too long, its
# task is over the hard time limit or was revoked.
_ENDS_BY_PARENT = frozenset({("gunicorn.workers.base", "handle_abort"), ("billiard.common", "_shutdown_cleanup")})

_get_bases: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__
_get_names = vars(ModuleType)["__dict__"].__get__
_get_arguments: Callable[[BaseException], tuple[Any, ...]] = vars(BaseException)["args"].__get__
# uvicorn's words to the tasks that it cancels after `--timeout-graceful-shutdown`.
_FORCED = "timeout graceful shutdown exceeded"
_CANCELLED = "asyncio.exceptions.CancelledError"
_get_exit_code = vars(SystemExit)["code"].__get__


class ExpectedRow:
    """
    A row of the table.

    Args:
        classes: Full names of classes.
        meaning: Why they are no failures, in words.
        fits: Whether an exception of such a class is expected; each is, if None.

    """

    __slots__ = ("classes", "fits", "meaning")

    def __init__(
        self, *, classes: tuple[str, ...], meaning: str, fits: Callable[[BaseException], bool] | None = None
    ) -> None:
        self.classes = classes
        self.meaning = meaning
        self.fits = fits


def is_exit(error: BaseException) -> bool:
    """Return whether an exception ends a program, a process or a thread with the status that it has."""
    return issubclass(type(error), SystemExit)


def _is_no_failure(error: BaseException) -> bool:
    return _has_succeeded(error) or _is_end_by_parent(error)


def _is_forced(error: BaseException) -> bool:
    """Return whether a server cancelled a task because it did not end in the time that it had."""
    return _FORCED in str(_get_arguments(error))


def _is_end_by_parent(error: BaseException) -> bool:
    """Return whether an exit is that of a worker which its parent ends: if that is a failure, it has another event."""
    traceback = traceback_of(error)
    while traceback is not None:
        frame = traceback.tb_frame
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) in _ENDS_BY_PARENT:
            return True
        traceback = traceback.tb_next
    return False


def _has_succeeded(error: BaseException) -> bool:
    code = _get_exit_code(error)
    return code is None or (issubclass(type(code), int) and int.__eq__(code, 0))


def _is_answer(error: BaseException) -> bool:
    for name in ("status_code", "code", "status"):
        status = _read_attribute(error, name)
        if issubclass(type(status), int):
            return int.__lt__(status, _SERVER_ERROR)
    return True


TABLE = (
    ExpectedRow(classes=("builtins.KeyboardInterrupt",), meaning="the user's Ctrl-C"),
    ExpectedRow(classes=("builtins.SystemExit",), meaning="the end of the program, with success", fits=_is_no_failure),
    ExpectedRow(classes=("builtins.GeneratorExit",), meaning="a generator that is closed"),
    ExpectedRow(
        classes=(_CANCELLED,),
        meaning="a task that is cancelled, unless by uvicorn because it did not end in time",
        fits=lambda error: not _is_forced(error),
    ),
    ExpectedRow(
        classes=(
            "concurrent.futures._base.CancelledError",
            "gevent.timeout.Timeout",
            "greenlet.GreenletExit",
            "trio.Cancelled",
        ),
        meaning="another kind of task, or a greenlet, that is cancelled",
    ),
    ExpectedRow(
        classes=(
            "starlette.requests.ClientDisconnect",
            "starlette.websockets.WebSocketDisconnect",
            "uvicorn.protocols.utils.ClientDisconnected",
            "websockets.exceptions.ConnectionClosedOK",
            "channels.exceptions.StopConsumer",
        ),
        meaning="a client that closes its connection",
    ),
    ExpectedRow(
        classes=(
            "django.http.response.Http404",
            "django.core.exceptions.BadRequest",
            "django.core.exceptions.PermissionDenied",
            "django.core.exceptions.SuspiciousOperation",
            "fastapi.exceptions.RequestValidationError",
        ),
        meaning="an answer that the client asked for the wrong thing",
    ),
    ExpectedRow(
        classes=(
            "aiohttp.web_exceptions.HTTPException",
            "bottle.HTTPResponse",
            "falcon.http_error.HTTPError",
            "litestar.exceptions.http_exceptions.HTTPException",
            "ninja.errors.HttpError",
            "pyramid.httpexceptions.HTTPException",
            "rest_framework.exceptions.APIException",
            "sanic.exceptions.SanicException",
            "starlette.exceptions.HTTPException",
            "tornado.web.HTTPError",
            "werkzeug.exceptions.HTTPException",
        ),
        meaning="an HTTP answer with a status below 500",
        fits=_is_answer,
    ),
    ExpectedRow(
        classes=("celery.exceptions.Ignore", "celery.exceptions.Reject", "celery.exceptions.Retry"),
        meaning="what a Celery task says of itself; what it is declared to throw (`throws=`) is expected as well",
    ),
)

_ROWS = {name: row for row in TABLE for name in row.classes}
# The texts of exits that mean success.
_SUCCESSES = frozenset({"", "0", "None"})


class ExpectedErrors:
    """
    Decides which exceptions are expected.

    Args:
        ignored: Classes, or their full names, that the user says are no failures.

    """

    def __init__(self, ignored: Iterable[type[BaseException] | str] = ()) -> None:
        self._ignored = tuple(ignored)

    def includes(self, error: BaseException) -> bool:
        """Return whether an exception is expected: a group also if all its members are."""
        ahead, seen = [error], {id(error)}
        while ahead:
            each = ahead.pop()
            if self._includes_class(type(each), each):
                continue
            members = members_of(each)
            if not members or len(seen) + len(members) > _MAX_EXCEPTIONS:
                return False
            for member in members:
                if id(member) not in seen:
                    seen.add(id(member))
                    ahead.append(member)
        return True

    def includes_name(self, name: str, message: str = "") -> bool:
        """Return whether an exception is expected of which only the name, full or short, and the message are left."""
        if _is_name_of(name, "builtins.SystemExit"):
            return message in _SUCCESSES
        if _is_name_of(name, _CANCELLED):
            return _FORCED not in message
        kind = find_class(name)
        if kind is not None:
            return self._includes_class(kind)
        known = [full for full, row in _ROWS.items() if row.fits is None]
        known += [each if isinstance(each, str) else name_class(each) for each in self._ignored]
        known += map(name_class, _find_thrown())
        return any(_is_name_of(name, full) for full in known)

    def _includes_class(self, kind: type, error: BaseException | None = None) -> bool:
        bases = _get_bases(kind)
        if any(_has_class(bases, each) for each in (*self._ignored, *_find_thrown())):
            return True
        rows = [_ROWS[name] for name in map(name_class, bases) if name in _ROWS]
        return any(row.fits is None or (error is not None and row.fits(error)) for row in rows)


def find_unknown(ignored: Iterable[type[BaseException] | str]) -> Iterator[str]:
    """Iterate over the names that name no exception class, as far as that can be said without an import."""
    for each in ignored:
        if isinstance(each, str) and not _is_possible(each):
            yield each


def find_class(name: str) -> type[BaseException] | None:
    """Return the exception class of a full name, if its module is imported."""
    module, _, attribute = name.rpartition(".")
    found: Any = _read_names(module or "builtins").get(attribute)
    return found if issubclass(type(found), type) and issubclass(found, BaseException) else None


def _read_names(module: str) -> Mapping[str, Any]:
    """Return the names of a module that is imported; one that is loaded when somebody asks it is not asked."""
    found = sys.modules.get(module)
    return (_get_names(found) or {}) if issubclass(type(found), ModuleType) else {}


def _is_possible(name: str) -> bool:
    if find_class(name) is not None:
        return True
    module = name.rpartition(".")[0] or "builtins"
    package, names = module.partition(".")[0], _read_names(module)
    if names:
        # More names may come: a module makes some late, and this one may not be done with its imports.
        is_done = not getattr(names.get("__spec__"), "_initializing", False) and module != "__main__"
        return "__getattr__" in names or not is_done
    return package in sys.modules or _is_importable(package)


def _is_importable(package: str) -> bool:
    from importlib.util import find_spec  # noqa: PLC0415 - only for a name that is ignored

    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _has_class(bases: tuple[type, ...], wanted: type | str) -> bool:
    """Return whether a class is among others; its name may be one by which a package exports it."""
    if not isinstance(wanted, str):
        return any(kind is wanted for kind in bases)
    exported = find_class(wanted)
    return any(kind is exported or name_class(kind) == wanted for kind in bases)


def _is_name_of(name: str, full: str) -> bool:
    return name == full or full.endswith(f".{name}")


def _read_attribute(error: BaseException, name: str) -> Any:
    """Return an attribute of an HTTP exception, None where there is none."""
    try:
        return object.__getattribute__(error, name)
    except AttributeError:
        return None
    except BaseException as failure:
        # A property of the application's may run here, and what fails is no answer.
        if is_thrown_in(failure):
            raise
        return _SERVER_ERROR


def _find_thrown() -> tuple[type, ...]:
    """Return the classes that the Celery task that runs here is declared to throw."""
    get_current_task = _read_names("celery._state").get("get_current_task")
    return () if get_current_task is None else _ask_task(get_current_task) or ()


@guarded("a Celery task was asked what it throws")
def _ask_task(get_current_task: Callable[[], Any]) -> tuple[type, ...]:
    return find_declared(get_current_task())


def find_declared(task: Any) -> tuple[type, ...]:
    """Return the classes that a Celery task is declared to throw."""
    throws = getattr(task, "throws", None) or ()
    declared = throws if isinstance(throws, tuple | list) else (throws,)
    return tuple(each for each in declared if issubclass(type(each), type))
