"""Error events are grouped, searched and filtered."""

from __future__ import annotations

import pytest

from otel_crumbs.view.filters import Filters
from otel_crumbs.view.queries import (
    errors_of_trace,
    find_last_number,
    find_neighbours,
    find_newer,
    find_period,
    get_error,
    list_choices,
    list_errors,
)
from otel_crumbs.view.store import Store

from .events import TRACE, ZERO


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"service": "front"}, "d"),
        ({"level": "fatal"}, "d"),
        ({"mechanism": "operation"}, "cba"),
        ({"text": "charged ada"}, "c"),
        ({"text": "visa"}, "c"),
        ({"text": "charged ad"}, "c"),
        ({"text": '"ada 42"'}, "c"),
        ({"text": '"42 ada"'}, ""),
        ({"text": "/orders/7/pay/"}, "cdba"),
        ({"text": "charged a"}, ""),
        ({"text": "cart 3"}, "cdba"),
        ({"text": "nowhere"}, ""),
        ({"text": '" * ( NEAR'}, ""),
        ({"text": "* ("}, "cdba"),
        ({"since": ZERO + 10**9, "until": ZERO + 30 * 10**9}, "db"),
        ({"limit": 2, "offset": 1}, "db"),
        ({"group": "unknown"}, ""),
    ],
)
def test_events_are_filtered(filled: Store, filters: dict[str, object], found: str) -> None:
    """By text over messages, breadcrumbs, data and attributes, and by all that is listed."""
    rows = list_errors(filled, Filters(**filters))  # type: ignore[arg-type]

    assert "".join(row.event_id[0] for row in rows) == found


def test_an_event_is_found_by_the_start_of_its_id(filled: Store) -> None:
    """As commits are; one that is not unique or no id finds nothing."""
    found = get_error(filled, "aaaaaaaa")

    assert found is not None
    assert found.row.event_id == "a" * 32
    assert found.document["title"].startswith("TypeError")
    assert get_error(filled, "a") is None
    assert get_error(filled, "%' OR 1") is None
    assert get_error(filled, "0" * 32) is None


def test_neighbours_are_of_the_same_group(filled: Store) -> None:
    """Next and previous pass over other failures."""
    [_, middle, _] = [row for row in list_errors(filled) if row.service != "front"]

    before, after = find_neighbours(filled, middle)

    assert before is not None
    assert after is not None
    assert (before.event_id[0], middle.event_id[0], after.event_id[0]) == ("a", "b", "c")
    assert find_neighbours(filled, before)[0] is None


def test_errors_of_one_trace_are_in_order_of_time(filled: Store) -> None:
    """Of all services."""
    assert [row.event_id[0] for row in errors_of_trace(filled, f"{TRACE:032x}")] == ["a", "b", "d", "c"]


def test_what_came_after_an_event_is_found(filled: Store) -> None:
    """A page or an agent that waits asks by the number of the last it knows."""
    assert find_last_number(filled) == 4
    assert [row.event_id[0] for row in find_newer(filled, 2)] == ["c", "d"]
    assert find_newer(filled, 4) == []


def test_choices_are_the_values_that_events_have(filled: Store) -> None:
    """Filters offer nothing that finds nothing."""
    assert list_choices(filled, "service") == ["coffee-corner", "front"]
    assert list_choices(filled, "level") == ["error", "fatal"]
    with pytest.raises(ValueError, match="title"):
        list_choices(filled, "title")


def test_a_period_begins_some_hours_ago(filled: Store) -> None:
    """In the unit of the filters."""
    assert list_errors(filled, Filters(since=find_period(0))) == []
