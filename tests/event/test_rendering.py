"""Tests of `otel_crumbs.event.rendering`."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

import otel_crumbs
from otel_crumbs import Breadcrumb
from otel_crumbs.event.rendering import render_snapshot, shorten_name
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import Entry, EntryKind, View, current, take_snapshot
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


@pytest.mark.usefixtures("events")
def test_the_same_line_from_several_places_is_one_with_a_count() -> None:
    """Where it was logged is no difference; what it says and what it was given is."""
    logger = logging.getLogger("shop")

    def poll() -> None:
        logger.warning("not ready")

    def poll_again() -> None:
        logger.warning("not ready")

    poll()
    poll_again()
    logger.warning("not ready")
    logger.warning("not ready", extra={"order": 7})

    shown = otel_crumbs.trail()
    assert [(breadcrumb.message, breadcrumb.repeated) for breadcrumb in shown] == [("not ready", 3), ("not ready", 1)]
    assert shown[0].data["code.function.name"] == "poll"


@pytest.mark.parametrize("names", [("code.file.path", "code.line.number"), ("code.filepath", "code.lineno")])
def test_attributes_of_code_are_no_difference(names: tuple[str, str], app: Application, events: CapturedEvents) -> None:
    """Instrumentations write them by their old names and by their new ones."""
    with app.request():
        for line in (1, 2):
            with app.tracer.start_as_current_span("step", attributes=dict(zip(names, ("shop.py", line), strict=True))):
                pass

        assert [(breadcrumb.message, breadcrumb.repeated) for breadcrumb in otel_crumbs.trail()] == [("step", 2)]
    assert len(events) == 0


def test_a_failed_deduplication_costs_nothing(app: Application) -> None:
    """The trail stays as it is where duplicates cannot be found."""
    with app.request():
        otel_crumbs.record("a note")
        snapshot = take_snapshot(View(current.find_branch()))

    breadcrumbs, _ = render_snapshot(snapshot, deduplicate=lambda _: None)

    assert [each.message for each in breadcrumbs] == ["a note"]


def left(message: str, **others: object) -> Breadcrumb:
    """Return a breadcrumb."""
    return Breadcrumb(timestamp=1, message=message, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (left("GET / -> 200 in 4.1 ms", duration_ms=4.1), left("GET / -> 200 in 120 ms", duration_ms=120.0), True),
        (
            left("GET / -> failed after 3.0 s", duration_ms=3e3),
            left("GET / -> failed after 9.1 ms", duration_ms=9.1),
            True,
        ),
        (left("GET / -> 200 in 4.1 ms", duration_ms=4.1), left("GET / -> 503 in 4.1 ms", duration_ms=4.1), False),
        (left("ready in 4 ms"), left("ready in 5 ms"), False),
        (left("x", data={"error": "<C at 0x7f01>"}), left("x", data={"error": "<C at 0x7f02>"}), True),
        (left("x", data={"id": "0x7f"}), left("x", data={"id": "0x8f"}), False),
    ],
    ids=["quick and slow", "failures", "another answer", "the application's words", "places", "no places"],
)
def test_the_same_call_is_one_however_long_it_took(one: Breadcrumb, other: Breadcrumb, *, same: bool) -> None:
    """A client that polls would push out all else; what the application says itself is left as it is."""
    current.find_branch().append((1, False, None, EntryKind(render=lambda _: iter((one, other))), "http"))

    shown, _ = render_snapshot(take_snapshot(View(current.find_branch())))

    assert [breadcrumb.repeated for breadcrumb in shown[-2:]] == ([2] if same else [1, 1])


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Thread-3 (work)", "Thread-3 (work)"),
        (
            "starlette.middleware.base.BaseHTTPMiddleware.__call__.<locals>.call_next.<locals>.coro",
            "call_next.coro",
        ),
        ("x" * 60, "…" + "x" * 39),
    ],
)
def test_the_name_of_a_branch_is_short(name: str, short: str) -> None:
    """Those that are named after a function would fill each line."""
    assert shorten_name(name) == short
