"""Tests of `otel_crumbs.capture.expected`."""

from __future__ import annotations

import asyncio
import builtins
import json
import logging
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.capture.expected import ExpectedErrors, find_unknown
from otel_crumbs.testing import CapturedEvents
from tests.application import Application, fail, in_thread
from tests.capture.programs import Program


@pytest.mark.parametrize(
    "stop", [KeyboardInterrupt(), SystemExit(0), SystemExit(), GeneratorExit(), asyncio.CancelledError()]
)
@pytest.mark.usefixtures("heard")
def test_the_ways_to_stop_are_no_events(stop: BaseException, app: Application, events: CapturedEvents) -> None:
    """Ctrl-C, exit codes, closed generators and cancelled tasks are no errors, whichever mechanism notices them."""
    with suppress(BaseException), app.request():
        raise stop
    in_thread(lambda: fail(stop))
    otel_crumbs.capture_exception(stop)
    logging.getLogger("shop").error("stopping", exc_info=stop)

    assert len(events) == 0


def test_a_cancelled_request_is_no_event(app: Application, events: CapturedEvents) -> None:
    """A client that went away cancels the task that serves it."""

    async def serve() -> None:
        with app.request():
            await asyncio.sleep(3600)

    async def main() -> None:
        task = asyncio.create_task(serve())
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())

    assert len(events) == 0


def test_an_exit_with_a_failure_leaves_an_operation_as_an_event(events: CapturedEvents) -> None:
    """A supervisor that ends a worker has it exit with 1."""
    with suppress(SystemExit), otel_crumbs.operation("job"):
        sys.exit(1)

    assert [event.title for event in events] == ["SystemExit: 1"]


@pytest.mark.parametrize(
    ("code", "expected"), [(None, True), (0, True), (False, True), (1, False), ("why", False), ([1], False)]
)
def test_what_an_exit_means(code: Any, *, expected: bool) -> None:
    """Success is what the interpreter ends with 0 for; a code may be anything, and is not asked."""
    assert ExpectedErrors().includes(SystemExit(code)) is expected


@pytest.mark.usefixtures("heard")
def test_an_exit_of_a_thread_is_no_event(events: CapturedEvents) -> None:
    """Python says nothing of it."""
    in_thread(lambda: fail(SystemExit(3)))

    assert len(events) == 0


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(3)",
        "import multiprocessing as m\np = m.get_context('fork').Process(target=exit, args=(3,))\np.start()\np.join()",
    ],
    ids=["program", "child"],
)
@pytest.mark.parametrize("prompt", [(), ("-i", "app.py")], ids=["no prompt", "prompt"])
def test_an_exit_of_a_program_is_no_event(tmp_path: Path, code: str, prompt: tuple[str, ...]) -> None:
    """Before a prompt the interpreter prints and keeps it as it does a failure."""
    assert Program(folder=tmp_path).run_both(code, *prompt).events == []


def group(*members: BaseException) -> BaseException:
    """Return a group, of Python's or of the package that stands in for it."""
    kind = getattr(builtins, "BaseExceptionGroup", None) or pytest.importorskip("exceptiongroup").BaseExceptionGroup
    made: BaseException = kind("tasks", members)
    return made


def test_a_group_is_expected_where_all_its_members_are() -> None:
    """Whichever way they are nested, and each is looked at once."""
    stop, failure = KeyboardInterrupt(), ValueError("boom")
    shared = group(stop)
    for _ in range(50):
        shared = group(shared, shared)

    assert ExpectedErrors().includes(group(stop, group(asyncio.CancelledError())))
    assert ExpectedErrors().includes(shared)
    assert not ExpectedErrors().includes(group(stop, group(failure)))


@pytest.mark.parametrize("member", [KeyboardInterrupt(), ValueError("boom")])
def test_a_group_that_is_too_much_to_look_at_is_a_failure(member: BaseException) -> None:
    """It may be as deep and as wide as it likes."""
    deep = member
    for _ in range(5000):
        deep = group(deep)

    assert not ExpectedErrors().includes(deep)
    assert not ExpectedErrors().includes(group(*[type(member)() for _ in range(100_000)]))


def test_a_group_may_be_ignored_itself() -> None:
    """Whatever its members are."""
    batch = type("BatchError", (type(group(ValueError())),), {})

    failed = batch("batch", [ValueError("boom")])

    assert ExpectedErrors((batch,)).includes(failed)
    assert ExpectedErrors((batch,)).includes(group(KeyboardInterrupt(), failed))
    assert not ExpectedErrors((batch,)).includes(group(ValueError("boom"), failed))


class NotInStockError(LookupError):
    """A failure of the shop."""


class OldStockError(NotInStockError):
    """A kind of it."""


@pytest.mark.parametrize(
    "ignored", [LookupError, NotInStockError, f"{__name__}.NotInStockError", "builtins.LookupError"]
)
def test_what_the_user_ignores_is_expected(ignored: type[BaseException] | str) -> None:
    """A class or its full name, and its subclasses."""
    expected = ExpectedErrors((ignored,))

    assert expected.includes(OldStockError("hat"))
    assert not expected.includes(ValueError("hat"))


def test_a_name_may_be_one_by_which_a_package_exports_the_class() -> None:
    """As `json.JSONDecodeError` is, which lies elsewhere."""
    expected = ExpectedErrors(("json.JSONDecodeError",))

    assert expected.includes(json.decoder.JSONDecodeError("bad", "", 0))
    assert expected.includes_name("json.decoder.JSONDecodeError")


def test_recorded_exceptions_are_known_by_their_names() -> None:
    """A span keeps the class's name, with its module or without."""
    expected = ExpectedErrors((NotInStockError,))

    names = ("CancelledError", "asyncio.exceptions.CancelledError", "NotInStockError", f"{__name__}.NotInStockError")
    assert all(map(expected.includes_name, (*names, f"{__name__}.OldStockError")))
    assert expected.includes_name("SystemExit", "0")
    assert not expected.includes_name("SystemExit", "1")
    assert not expected.includes_name("ValueError")


def test_a_misspelt_name_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """With the remedy, and the others count."""
    installation = otel_crumbs.install(exporter="none", ignore_errors="json.JSONDecodeErro, LookupError, nowhere.Error")
    installation.uninstall()

    warned = [record.getMessage() for record in caplog.records if record.name == "otel_crumbs"]
    assert [line.split("'")[1] for line in warned] == ["json.JSONDecodeErro", "nowhere.Error"]
    assert "Remedy: its full name" in warned[0]


@pytest.mark.parametrize(
    "name", ["LookupError", f"{__name__}.NotInStockError", "__main__.LaterError", "lazy.LateError"]
)
def test_a_name_that_may_be_one_later_is_not_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program installs at its top, before its own classes, and a module may make a name when it is asked for."""
    lazy = ModuleType("lazy")
    monkeypatch.setitem(vars(lazy), "__getattr__", fail)
    monkeypatch.setitem(sys.modules, "lazy", lazy)

    assert list(find_unknown([name])) == []


def test_a_module_that_is_not_done_is_not_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is one that nobody has imported yet, or one that is kept from being imported."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "kept_out", None)
    program = "from otel_crumbs.capture.expected import find_unknown\nfound = [*find_unknown(['half_done.LateError'])]"
    (tmp_path / "half_done.py").write_text(program)
    (tmp_path / "not_yet.py").write_text("raise AssertionError")

    assert list(find_unknown(["not_yet.SomeError", "kept_out.SomeError"])) == []
    assert import_module("half_done").found == []
    assert list(find_unknown(["half_done.LateError"])) == ["half_done.LateError"]
    monkeypatch.delitem(sys.modules, "half_done")


def test_a_module_that_loads_itself_when_it_is_asked_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is imported to know a class."""

    class LazyModule(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    monkeypatch.setitem(sys.modules, "lazy", LazyModule("lazy"))
    expected = ExpectedErrors(("lazy.LateError",))

    assert not expected.includes(ValueError("boom"))
    assert not expected.includes_name("lazy.OtherError")


def test_the_classes_of_an_exception_are_not_asked() -> None:
    """A metaclass of the application's may do anything."""

    class Odd(type):
        def __getattribute__(cls, name: str) -> Any:
            raise AssertionError(name)

        def __eq__(cls, other: object) -> bool:
            raise AssertionError

        __hash__ = type.__hash__

    odd = Odd("OddError", (NotInStockError,), {})
    error: BaseException = type.__call__(odd, "boom")

    assert ExpectedErrors((ValueError, NotInStockError)).includes(error)
    assert not ExpectedErrors((ValueError, "shop.Error")).includes(error)


@pytest.mark.parametrize("throws", [LookupError, (LookupError,), [KeyError, LookupError]])
def test_what_a_task_is_declared_to_throw_is_expected(throws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Celery's task that runs here; by its name as well."""
    state = ModuleType("celery._state")
    task = SimpleNamespace(throws=throws)
    monkeypatch.setitem(vars(state), "get_current_task", lambda: task)
    monkeypatch.setitem(sys.modules, "celery._state", state)
    expected = ExpectedErrors()

    assert expected.includes(OldStockError("hat"))
    assert expected.includes_name(f"{__name__}.OldStockError")
    assert not expected.includes(ValueError("hat"))
    task.throws = None
    assert not expected.includes(OldStockError("hat"))


@pytest.mark.libraries
def test_a_greenlet_that_is_killed_is_no_event(events: CapturedEvents) -> None:
    """Nor is one that runs out of its time."""
    gevent = pytest.importorskip("gevent")

    def poll() -> None:
        with otel_crumbs.operation("poll"):
            gevent.sleep(5)

    greenlet = gevent.spawn(poll)
    gevent.sleep(0)
    greenlet.kill()
    with suppress(gevent.Timeout), gevent.Timeout(0.01):
        poll()

    assert len(events) == 0


@pytest.mark.libraries
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_scope_that_is_cancelled_is_no_event(backend: str, events: CapturedEvents) -> None:
    """Whichever loop anyio runs in; a failure beside it is one."""
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)

    async def poll() -> None:
        with otel_crumbs.operation("poll"):
            await anyio.sleep(5)

    async def fail_soon() -> None:
        await anyio.sleep(0.01)
        raise ValueError("boom")

    async def main() -> None:
        with anyio.move_on_after(0.01):
            await poll()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poll)
            tasks.start_soon(fail_soon)

    with suppress(Exception), otel_crumbs.operation("job"):
        anyio.run(main, backend=backend)

    assert [event.operation for event in events] == ["job"]
    assert "ValueError: boom" in events[0].stacktrace


def test_a_hostile_status_is_no_answer() -> None:
    """An exception's own attributes may raise; it is a failure then."""

    class HostileError(Exception):
        @property
        def status_code(self) -> int:
            raise RuntimeError

    HostileError.__module__, HostileError.__qualname__ = "starlette.exceptions", "HTTPException"

    assert not ExpectedErrors().includes(HostileError())


def test_a_task_that_a_server_cuts_off_is_a_failure() -> None:
    """The words with which uvicorn cancels what does not end in time say so, in an exception and in a text."""
    words = "Task cancelled, timeout graceful shutdown exceeded"

    assert not ExpectedErrors().includes(asyncio.CancelledError(words))
    assert not ExpectedErrors().includes_name("asyncio.exceptions.CancelledError", words)


@pytest.mark.parametrize(
    ("module", "function"), [("gunicorn.workers.base", "handle_abort"), ("billiard.common", "_shutdown_cleanup")]
)
def test_the_end_of_a_worker_by_its_parent_is_no_second_failure(module: str, function: str) -> None:
    """What hung is an event of its own; any other exit with that status is a failure."""
    names = {"__name__": module}
    # Celery has a function of its own for `sys.exit`.
    exec(f"import sys\ndef exit(code): sys.exit(code)\ndef {function}(): exit(1)", names)  # noqa: S102 - as they have it

    with pytest.raises(SystemExit) as aborted:
        names[function]()  # type: ignore[operator]  # it is a function

    assert ExpectedErrors().includes(aborted.value)
    assert not ExpectedErrors().includes(SystemExit(1))
