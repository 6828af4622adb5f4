"""Tests of `otel_crumbs.capture.expected`."""

from __future__ import annotations

import asyncio
import builtins
import json
import logging
import sys
from contextlib import suppress

import pytest

import otel_crumbs
from otel_crumbs.capture.expected import ExpectedErrors
from otel_crumbs.testing import CapturedEvents
from tests.application import Application, fail, in_thread


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


def test_a_hostile_status_is_no_answer() -> None:
    """An exception's own attributes may raise; it is a failure then."""

    class HostileError(Exception):
        @property
        def status_code(self) -> int:
            raise RuntimeError

    HostileError.__module__, HostileError.__qualname__ = "starlette.exceptions", "HTTPException"

    assert not ExpectedErrors().includes(HostileError())
