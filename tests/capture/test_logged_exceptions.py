"""Tests of `otel_crumbs.capture.logged_exceptions`."""

from __future__ import annotations

import logging

import pytest

from otel_crumbs.testing import CapturedEvents
from tests.application import fail
from tests.capture.reported import exceptions_of


def test_a_logged_exception_is_a_handled_event(events: CapturedEvents) -> None:
    """`logger.exception` reports what was dealt with."""
    try:
        fail(ValueError("boom"))
    except ValueError:
        logging.getLogger("shop").exception("could not ship")

    assert exceptions_of(events) == [("ValueError: boom", "logging", True)]
    assert "could not ship" in [crumb.message for crumb in events[0].breadcrumbs]


@pytest.mark.parametrize("level", [logging.WARNING, logging.INFO])
def test_a_warning_with_an_exception_is_a_breadcrumb_only(level: int, events: CapturedEvents) -> None:
    """Below ERROR a logged exception is not reported."""
    logging.getLogger("shop").log(level, "tried", exc_info=ValueError("boom"))

    assert len(events) == 0


def test_an_error_line_without_an_exception_is_a_breadcrumb_only(events: CapturedEvents) -> None:
    """There is nothing to report where no exception is."""
    logging.getLogger("shop").error("no receipt")
    logging.getLogger("shop").error("nothing to show", exc_info=True)  # noqa: LOG014 - as people do

    assert len(events) == 0
