"""Tests of `otel_crumbs.testing.snapshots`."""

from __future__ import annotations

import otel_crumbs
from otel_crumbs.testing import capture_events, freeze_event


def test_frozen_events_are_equal_from_run_to_run() -> None:
    """Two captures of the same story differ in nothing that a snapshot would show."""
    stories = []
    for _ in range(2):
        with capture_events() as events:
            otel_crumbs.record("one")
            otel_crumbs.record("two", data={"duration_ms": 17.3})
            otel_crumbs.capture_exception(ValueError("boom"))
            stories.append(freeze_event(events[0]))

    assert stories[0].breadcrumbs == stories[1].breadcrumbs
    assert (stories[0].event_id, stories[0].timestamp) == (stories[1].event_id, stories[1].timestamp)
