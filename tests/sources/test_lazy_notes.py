"""Notes with a processor are finished once, when an error asks for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs import breadcrumbs
from otel_crumbs.testing import CapturedEvents, capture_events


@pytest.fixture(autouse=True)
def events() -> Iterator[CapturedEvents]:
    """Breadcrumbs installed, and what is captured."""
    with capture_events() as captured:
        yield captured


def test_the_processor_finishes_the_fields() -> None:
    """It sees all fields and may change and add."""
    seen: list[dict[str, Any]] = []

    def processor(fields: dict[str, Any]) -> None:
        seen.append(dict(fields))
        fields["data"]["rows"] = 7
        fields["message"] += " finished"

    breadcrumbs.record("query", 12.5, "warning", "db", {"table": "t"}, "query", processor)

    (breadcrumb,) = otel_crumbs.trail()
    assert seen[0] | {"data": {"table": "t"}} == {
        "timestamp": 12.5,
        "level": "warning",
        "category": "db",
        "message": "query",
        "type": "query",
        "data": {"table": "t"},
    }
    assert (breadcrumb.message, dict(breadcrumb.data)) == ("query finished", {"table": "t", "rows": 7})


def test_the_processor_runs_once(events: CapturedEvents) -> None:
    """However many errors ask, it runs for the first only; never before one asks."""
    runs: list[dict[str, Any]] = []
    breadcrumbs.record("lazy", processor=runs.append)
    assert runs == []

    otel_crumbs.capture_exception(ValueError("one"))
    otel_crumbs.capture_exception(ValueError("two"))

    assert [event.breadcrumbs[0].message for event in events] == ["lazy", "lazy"]
    assert len(runs) == 1


def test_a_processor_that_raises_costs_nothing_but_a_warning(
    events: CapturedEvents, caplog: pytest.LogCaptureFixture
) -> None:
    """The breadcrumb stays as it was recorded, and the event arrives."""

    def broken(fields: dict[str, Any]) -> None:
        fields["message"] = "half done"
        raise RuntimeError("processor broke")

    breadcrumbs.record("whole", processor=broken)

    otel_crumbs.capture_exception(ValueError("boom"))

    assert events[0].breadcrumbs[0].message == "whole"
    assert "processor broke" in caplog.text


def test_a_breadcrumb_without_anything_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """A note with neither message, data nor processor warns and leaves nothing."""
    breadcrumbs.record(category="empty")

    assert otel_crumbs.trail() == ()
    assert "needs a message or data" in caplog.text


def test_a_processor_may_take_a_lock_of_the_application(events: CapturedEvents) -> None:
    """The application holds it while it asks for its trail: the note is not finished yet, and nobody waits for ever."""
    lock, runs = threading.Lock(), threading.Event()

    def processor(fields: dict[str, Any]) -> None:
        runs.set()
        with lock:
            fields["message"] = "finished"

    breadcrumbs.record("lazy", processor=processor)
    with lock:
        otel_crumbs.capture_exception(ValueError("boom"))
        assert runs.wait(10)
        (unfinished,) = otel_crumbs.trail()

    assert unfinished.message == "lazy"
    assert events[0].breadcrumbs[0].message == "finished"


def test_a_processor_may_ask_for_the_trail() -> None:
    """Its own note is there as it was recorded."""
    trails: list[tuple[str, ...]] = []
    breadcrumbs.record("lazy", processor=lambda _: trails.append(tuple(each.message for each in otel_crumbs.trail())))

    otel_crumbs.trail()

    assert trails == [("lazy",)]
