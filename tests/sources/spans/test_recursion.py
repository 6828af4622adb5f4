"""Tests of spans and lines in a recursion that is too deep: they may be missing in the trail, and that is all."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

import otel_crumbs
from otel_crumbs.testing import capture_events
from tests.application import running_application
from tests.conftest import GuardedFailures


def descend(work: Callable[[], object]) -> int:
    """Do some work at each depth until there is no room, and return how deep it was."""
    try:
        work()
        return descend(work) + 1
    except RecursionError:
        return 0


@pytest.mark.parametrize("sampler", [ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "sampled out"])
def test_spans_where_there_is_no_room(sampler: Sampler, guarded_failures: GuardedFailures) -> None:
    """Nothing is reported: a report has no room either."""
    with running_application(sampler=sampler) as app, capture_events(), otel_crumbs.operation("deep"):
        depth = descend(lambda: app.tracer.start_span("step").end())

    assert depth > 50
    assert guarded_failures == []


def test_quiet_lines_where_there_is_no_room(guarded_failures: GuardedFailures) -> None:
    """As for lines that are printed."""
    logger = logging.getLogger("shop.deep")
    logger.setLevel(logging.ERROR)

    with capture_events():
        depth = descend(lambda: logger.info("at %d", 1))

    assert depth > 50
    assert guarded_failures == []
