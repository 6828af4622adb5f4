"""The trail as text: the newest breadcrumbs last, in bounds."""

from __future__ import annotations

import pytest

from otel_crumbs.event.timeline import MAX_TIMELINE, format_timeline
from otel_crumbs.trails import Breadcrumb
from tests.export.events import event_of

SECOND = 1_000_000_000


def crumb(seconds: float, message: str, **others: object) -> Breadcrumb:
    """Return a breadcrumb of so many seconds after the epoch."""
    fields = {"category": "query", **others}
    return Breadcrumb(timestamp=int(seconds * SECOND), message=message, **fields)  # type: ignore[arg-type]


def test_each_breadcrumb_is_a_line() -> None:
    """Its time before the error, its category and its words; what is out of the ordinary is said."""
    breadcrumbs = (
        crumb(8.76, "SELECT *\n  FROM orders", repeated=3),
        crumb(9.5, "no lamps", category="shop", level="warning"),
        crumb(9.9, "GET https://pay.example/", category="http", in_flight=True),
        crumb(10.01, "later"),
    )

    text = format_timeline(event_of(timestamp=10 * SECOND, breadcrumbs=breadcrumbs, dropped=0))

    assert text.splitlines() == [
        "-1.24 s  query  SELECT * FROM orders (x3)",
        "-0.50 s  shop  WARNING no lamps",
        "-0.10 s  http  GET https://pay.example/ (in flight)",
        "+0.01 s  query  later",
    ]


@pytest.mark.parametrize("count", [1, 100, 10_000])
@pytest.mark.parametrize("length", [1, 100, 5000])
def test_the_newest_fit(count: int, length: int) -> None:
    """A back end that cuts would cut off the end, which matters most."""
    breadcrumbs = tuple(crumb(number / count, f"{number} {'x' * length}") for number in range(count))

    text = format_timeline(event_of(timestamp=SECOND, breadcrumbs=breadcrumbs, dropped=5))

    lines = text.splitlines()
    assert len(text) <= MAX_TIMELINE
    assert f"  {count - 1} x" in lines[-1]
    assert lines[0] == f"({5 + count - (len(lines) - 1)} earlier)"
    assert len(lines) > min(count, 9)


def test_an_event_without_breadcrumbs_has_none() -> None:
    """Nothing is told of nothing."""
    assert format_timeline(event_of(breadcrumbs=(), dropped=0)) == ""
