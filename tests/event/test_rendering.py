"""Tests of `otel_crumbs.event.rendering`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import otel_crumbs
from otel_crumbs import Breadcrumb
from otel_crumbs.event.rendering import render_snapshot
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import Entry, EntryKind, current, take_snapshot
from tests.application import Application, messages
from tests.conftest import GuardedFailures


def broken(_: Entry) -> Iterator[Breadcrumb]:
    """Fail, as a source with a mistake in it would."""
    yield Breadcrumb(timestamp=2, message="half of it")
    raise RuntimeError("a mistake")


BROKEN = EntryKind(render=broken)


def test_an_entry_that_cannot_be_rendered_costs_itself_alone(
    events: CapturedEvents, guarded_failures: GuardedFailures
) -> None:
    """The event comes with all others, and the failure is told."""
    otel_crumbs.record("before")
    current.find_branch().append((0, False, None, BROKEN, "broken"))
    otel_crumbs.record("after")

    otel_crumbs.capture_exception(ValueError("boom"))

    assert [breadcrumb.message for breadcrumb in events[0].breadcrumbs] == ["before", "after"]
    assert [doing for doing, _ in guarded_failures] == ["a breadcrumb was rendered"]
    guarded_failures.clear()


@pytest.mark.usefixtures("events")
def test_breadcrumbs_come_in_the_order_of_their_times() -> None:
    """The order in which they were left does not matter."""
    otel_crumbs.record("second", timestamp=2)
    otel_crumbs.record("first", timestamp=1)
    otel_crumbs.record("third", timestamp=3)

    assert messages() == ["first", "second", "third"]


@pytest.mark.usefixtures("events")
def test_the_same_in_a_row_is_one_with_a_count() -> None:
    """Another breadcrumb between them begins a new one."""
    for word in ("a", "a", "b", "a"):
        otel_crumbs.record(word)

    assert [(breadcrumb.message, breadcrumb.repeated) for breadcrumb in otel_crumbs.trail()] == [
        ("a", 2),
        ("b", 1),
        ("a", 1),
    ]


def test_a_failed_deduplication_costs_nothing(app: Application) -> None:
    """The trail stays as it is where duplicates cannot be found."""
    with app.request():
        otel_crumbs.record("a note")
        snapshot = take_snapshot(current.find_branch())

    breadcrumbs, _ = render_snapshot(snapshot, deduplicate=lambda _: None)

    assert [each.message for each in breadcrumbs] == ["a note"]
