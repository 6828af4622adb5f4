"""A trail is one axis of time, whose zero is the error."""

from __future__ import annotations

import pytest

from otel_crumbs import Breadcrumb
from otel_crumbs.view.store import Store
from otel_crumbs.view.trail import (
    TrailFilters,
    format_duration,
    format_offset,
    keep_newest,
    make_trail_of_trace,
    read_trail,
)

from .events import SECOND, TRACE, TRAIL, ZERO, error_event, put

ID = "e" * 32


def test_zero_is_the_error_and_gaps_are_named(store: Store) -> None:
    """Each row has its distance from the error; the time in which nothing happened is a row."""
    put(store, error_event())

    trail = read_trail(store, ID)

    assert trail is not None
    assert [(row.kind, row.offset / SECOND) for row in trail.rows] == [
        ("breadcrumb", -3.0),
        ("gap", -3.0),
        ("breadcrumb", -1.0),
        ("gap", -0.88),
        ("breadcrumb", -0.5),
        ("gap", -0.5),
        ("error", 0.0),
    ]
    assert trail.rows[1].message == "2.00 s nothing"
    assert (trail.start, trail.end) == (-3 * SECOND, 0)


def test_a_span_in_flight_reaches_the_error(store: Store) -> None:
    """It had not ended when the error came."""
    crumb = Breadcrumb(timestamp=ZERO - SECOND, message="transaction", in_flight=True, duration_ms=1.0)
    put(store, error_event(breadcrumbs=(crumb,)))

    trail = read_trail(store, ID)

    assert trail is not None
    assert [row.duration for row in trail.rows if row.in_flight] == [SECOND]


def test_the_newest_rows_are_kept_before_the_error(store: Store) -> None:
    """The rest is counted, and the axis begins with what is kept."""
    put(store, error_event())
    trail = read_trail(store, ID)
    assert trail is not None

    kept = keep_newest(trail, 2)

    assert [(row.kind, row.offset / SECOND) for row in kept.rows] == [
        ("breadcrumb", -0.5),
        ("gap", -0.5),
        ("error", 0.0),
    ]
    assert (kept.earlier, kept.start) == (4, -SECOND // 2)
    assert keep_newest(trail, 6) is trail


@pytest.mark.parametrize(
    ("filters", "messages"),
    [
        ({"categories": ("http", "query")}, ["POST https://pay.example/charge -> 503 in 120 ms", "SELECT ?"]),
        ({"levels": ("warning",)}, ["POST https://pay.example/charge -> 503 in 120 ms"]),
        ({"text": "PAY.EXAMPLE/c"}, ["POST https://pay.example/charge -> 503 in 120 ms"]),
        ({"before_s": 0.6}, ["SELECT ?"]),
    ],
)
def test_rows_are_filtered(store: Store, filters: dict[str, object], messages: list[str]) -> None:
    """The error stays, and what was left out is counted."""
    put(store, error_event())

    trail = read_trail(store, ID, TrailFilters(**filters))  # type: ignore[arg-type]

    assert trail is not None
    assert [row.message for row in trail.rows if row.kind == "breadcrumb"] == messages
    assert trail.rows[-1].kind == "error"
    assert trail.left_out == 3 - len(messages)


def test_an_error_in_a_trail_leads_to_its_own_event(store: Store) -> None:
    """A breadcrumb that is an error of the same trace."""
    inner = error_event("a" * 32, seconds=-0.2)
    crumb = Breadcrumb(timestamp=ZERO - SECOND // 5, message=inner.title, type="error", level="error")
    put(store, inner, error_event(breadcrumbs=(*TRAIL, crumb)))

    trail = read_trail(store, ID)

    assert trail is not None
    assert [row.event_id for row in trail.rows if row.message == inner.title and row.kind == "breadcrumb"] == ["a" * 32]


def test_errors_of_one_trace_share_one_axis(store: Store) -> None:
    """Of two services; what two errors have in common is there once."""
    front = error_event("b" * 32, seconds=0.5, resource={"service.name": "front"}, breadcrumbs=())
    again = error_event("c" * 32, seconds=0.2)
    put(store, error_event(), again, front)

    trail = make_trail_of_trace(store, f"{TRACE:032x}")

    assert trail is not None
    assert [row.event_id[0] for row in trail.rows if row.kind == "error"] == ["e", "c", "b"]
    assert trail.rows[-1].offset == 0
    assert len([row for row in trail.rows if row.kind == "breadcrumb"]) == 3
    assert make_trail_of_trace(store, "0" * 32) is None


def test_an_unknown_error_has_no_trail(store: Store) -> None:
    """It may have been removed."""
    assert read_trail(store, ID) is None


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0"),
        (-1_240_000_000, "-1.24 s"),
        (-120_000_000, "-120 ms"),
        (350_000, "+0.35 ms"),
        (-95 * SECOND, "-1 min 35 s"),
        (-3 * 3600 * SECOND, "-3 h 0 min"),
    ],
)
def test_offsets_are_read_at_a_glance(nanoseconds: int, text: str) -> None:
    """Three digits and a unit."""
    assert format_offset(nanoseconds) == text
    assert format_duration(3 * 86400 * SECOND) == "3.0 d"
