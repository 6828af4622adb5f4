"""What a hook, an exporter or the text of an exception reports is no event: it would lead to the next one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import capture_events
from tests.application import fail

logger = logging.getLogger("shop")


class ReportingError(Exception):
    """An exception whose text reports the exception itself, and logs another one."""

    def __str__(self) -> str:
        """Report, and log."""
        otel_crumbs.capture_exception(ReportingError())
        logger.error("in __str__", exc_info=ValueError("inner"))
        return "told"


class NotingValue:
    """A value whose text leaves a note with the value itself."""

    def __repr__(self) -> str:
        """Leave a note."""
        otel_crumbs.record("asked", data={"value": self})
        return "value"


def log_failure() -> None:
    """Log an exception."""
    try:
        fail(ValueError("in a hook"))
    except ValueError:
        logger.exception("failed")


def report_failure() -> None:
    """Report an exception."""
    otel_crumbs.capture_exception(ValueError("in a hook"))


@pytest.mark.parametrize("act", [log_failure, report_failure])
@pytest.mark.parametrize("hook", ["before_send", "before_breadcrumb"])
def test_what_a_hook_reports_is_said_once(hook: str, act: Callable[[], None], caplog: pytest.LogCaptureFixture) -> None:
    """One capture is one event, and one line says why there is no other."""

    def change(given: Any) -> Any:
        act()
        act()
        return given

    with capture_events(**{hook: change}) as events:
        otel_crumbs.record("before")
        otel_crumbs.capture_exception(KeyError("first"))
        titles = [event.title for event in events]

    assert titles == ["KeyError: 'first'"]
    lines = [line for line in caplog.messages if "makes no error event of its own" in line]
    assert len(lines) == 1
    assert "a builtins.ValueError" in lines[0]


def test_an_exception_whose_text_reports_it_is_one_event() -> None:
    """It is asked for its text once."""
    with capture_events() as events:
        otel_crumbs.capture_exception(ReportingError())
        titles = [event.title for event in events]

    assert titles == ["ReportingError: told"]


def test_a_value_whose_text_leaves_a_note_is_asked_once() -> None:
    """The note that it leaves names its class."""
    with capture_events() as events:
        otel_crumbs.record("outer", data={"value": NotingValue()})
        otel_crumbs.capture_exception(ValueError("boom"))
        [event] = events

    assert [breadcrumb.message for breadcrumb in event.breadcrumbs] == ["asked", "outer"]
    assert event.breadcrumbs[0].data["value"] == f"<{__name__}.NotingValue>"
    assert event.breadcrumbs[1].data["value"] == "value"


class _Connection:
    def __del__(self) -> None:
        otel_crumbs.capture_exception(OSError("already closed"))


def test_what_a_finaliser_reports_in_a_hook_is_an_event(caplog: pytest.LogCaptureFixture) -> None:
    """The collector runs it anywhere, in a thread of ours as well: the hook did not lead to it."""

    def drop(breadcrumb: Any) -> Any:
        _Connection()
        return breadcrumb

    with capture_events(before_breadcrumb=drop) as events:
        otel_crumbs.record("before")
        otel_crumbs.capture_exception(KeyError("first"))
        titles = {event.title for event in events}

    assert "KeyError: 'first'" in titles
    assert not [line for line in caplog.messages if "makes no error event of its own" in line]
