"""Error events are grouped, searched and filtered."""

from __future__ import annotations

import dataclasses

import pytest

from otel_crumbs import Breadcrumb
from otel_crumbs.view.filters import Filters
from otel_crumbs.view.queries import (
    BARS,
    count_errors,
    errors_of_trace,
    find_last_number,
    find_neighbours,
    find_newer,
    find_period,
    get_error,
    list_choices,
    list_errors,
    list_groups,
)
from otel_crumbs.view.store import Store

from .events import TRACE, TRAIL, ZERO, error_event, put

OTHER = {"fingerprint": "0" * 32, "operation": "GET /", "resource": {"service.name": "front"}, "fatal": True}


@pytest.fixture
def filled(store: Store) -> Store:
    """Fill a store with three events of one failure and one of another."""
    crumb = Breadcrumb(timestamp=ZERO, message="charged ada 42 €", category="payment", data={"card": "Visa"})
    put(
        store,
        error_event("a" * 32),
        error_event("b" * 32, seconds=10, held_back=5),
        error_event("c" * 32, seconds=60, breadcrumbs=(*TRAIL, crumb)),
        error_event("d" * 32, seconds=30, mechanism="logging", **OTHER),
    )
    return store


def test_events_of_one_failure_are_one_group(filled: Store) -> None:
    """With all that a list shows of it."""
    group, other = list_groups(filled)

    assert (group.count, group.held_back, group.services) == (3, 5, ("coffee-corner",))
    assert (group.first, group.last) == (ZERO, ZERO + 60 * 10**9)
    assert (group.type, group.operation) == ("TypeError", "POST orders/<int:pk>/pay/")
    assert group.frame == "shop/checkout.py:29 in pay"
    assert (group.newest.event_id, group.newest.last_message) == ("c" * 32, "charged ada 42 €")
    assert (len(group.bars), sum(group.bars), group.bars[0], group.bars[-1]) == (BARS, 3, 1, 1)
    assert other.services == ("front",)
    assert count_errors(filled) == (2, 4)


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


def test_groups_count_only_what_matches(filled: Store) -> None:
    """The newest event that is shown matches, too."""
    [group] = list_groups(filled, Filters(until=ZERO + 20 * 10**9))

    assert (group.count, group.newest.event_id, sum(group.bars)) == (2, "b" * 32, 2)
    assert count_errors(filled, Filters(until=ZERO + 20 * 10**9)) == (1, 2)


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


def test_without_a_fingerprint_type_frame_and_operation_group(store: Store) -> None:
    """Other senders of our attributes may have none."""
    plain = error_event("a" * 32, fingerprint="")
    put(
        store,
        plain,
        dataclasses.replace(plain, event_id="b" * 32),
        error_event("c" * 32, fingerprint="", operation="x"),
    )

    assert [group.count for group in list_groups(store)] == [1, 2]


def test_a_period_begins_some_hours_ago(filled: Store) -> None:
    """In the unit of the filters."""
    assert list_errors(filled, Filters(since=find_period(0))) == []
