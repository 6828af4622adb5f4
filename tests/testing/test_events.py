"""Users see in their tests what their application would report."""

from __future__ import annotations

import logging
import sys

import otel_crumbs
from otel_crumbs.testing import capture_events


def test_a_captured_exception_is_an_event_with_its_trail() -> None:
    """What was recorded before the exception is on the event."""
    with capture_events() as events:
        otel_crumbs.record("cart opened", category="shop", data={"items": 3})

        otel_crumbs.capture_exception(ValueError("boom"))

        assert [event.title for event in events] == ["ValueError: boom"]
        assert [breadcrumb.message for breadcrumb in events[0].breadcrumbs] == ["cart opened"]


def test_trails_begin_empty() -> None:
    """What was recorded before the block is not seen in it."""
    otel_crumbs.record("from before")

    with capture_events() as events:
        otel_crumbs.capture_exception(ValueError("boom"))

        assert events[0].breadcrumbs == ()


def test_everything_is_undone_at_the_end() -> None:
    """Hooks are as they were before the block."""
    before = sys.unraisablehook, logging.Logger.callHandlers, logging.Logger.isEnabledFor

    with capture_events():
        assert sys.unraisablehook is not before[0]

    assert (sys.unraisablehook, logging.Logger.callHandlers, logging.Logger.isEnabledFor) == before


def test_cleared_events_are_gone() -> None:
    """After clear() only later events count."""
    with capture_events() as events:
        otel_crumbs.capture_exception(ValueError("first"))
        events.clear()

        otel_crumbs.capture_exception(ValueError("second"))

        assert [event.exception.message for event in events] == ["second"]
