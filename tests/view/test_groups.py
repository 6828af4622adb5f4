"""Failures are listed with their counts, by whichever way these are counted."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from otel_crumbs.view.filters import Filters
from otel_crumbs.view.group_count import BARS
from otel_crumbs.view.groups import count_errors, list_groups
from otel_crumbs.view.queries import list_errors
from otel_crumbs.view.store import Store

from .events import ZERO, error_event, put

SECOND = 10**9
EVERYTHING = {"since": 0, "until": ZERO + 3600 * SECOND}


@pytest.mark.parametrize("many", [1, 100])
@pytest.mark.parametrize("filters", [{}, EVERYTHING, {"text": "cart"}, {"text": "cart", **EVERYTHING}])
def test_events_of_one_failure_are_one_group(
    filled: Store, filters: dict[str, Any], many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all that a list shows of it, counted by series, by events of a time, or by what a search found."""
    monkeypatch.setattr("otel_crumbs.view.series_counts._MANY", many)

    found = list_groups(filled, Filters(**filters))
    group, other = found.groups

    assert (group.count, group.held_back, group.services) == (3, 5, ("coffee-corner",))
    assert (group.first, group.last) == (ZERO, ZERO + 60 * SECOND)
    assert (group.type, group.operation) == ("TypeError", "POST orders/<int:pk>/pay/")
    assert group.frame == "shop/checkout.py:29 in pay"
    assert (group.newest.event_id, group.newest.last_message) == ("c" * 32, "charged ada 42 €")
    assert (len(group.bars), sum(group.bars)) == (BARS, 3)
    assert other.services == ("front",)
    assert found.total == count_errors(filled, Filters(**filters)) == (2, 4, None)


def test_bars_go_from_the_first_event_to_the_last(filled: Store) -> None:
    """Those of all groups that are listed."""
    group, _ = list_groups(filled).groups

    assert (group.bars[0], group.bars[-1]) == (1, 1)


FILTERS = [
    {"service": "front"},
    {"level": "fatal"},
    {"mechanism": "operation"},
    {"since": ZERO + SECOND},
    {"until": ZERO + 20 * SECOND},
    {"group": "unknown"},
    {"service": "front", "level": "error"},
    {"service": "coffee-corner", "since": ZERO + 20 * SECOND},
    {"level": "fatal", "mechanism": "logging"},
    {"mechanism": "operation", "until": ZERO + 40 * SECOND},
]


@pytest.mark.parametrize("many", [1, 100])
@pytest.mark.parametrize("text", ["", "cart", "charged"])
@pytest.mark.parametrize("filters", FILTERS)
def test_groups_count_only_what_matches(
    filled: Store, filters: dict[str, Any], text: str, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest event that is shown matches, too, whatever is combined, in large series and small ones."""
    monkeypatch.setattr("otel_crumbs.view.series_counts._MANY", many)
    wanted = Filters(**filters, text=text)
    expected: dict[str, list[Any]] = {}
    for row in list_errors(filled):
        kept = all(getattr(row, name) == filters.get(name, getattr(row, name)) for name in ("service", "level"))
        kept &= row.mechanism == filters.get("mechanism", row.mechanism) and "group" not in filters
        kept &= filters.get("since", 0) <= row.timestamp <= filters.get("until", 2 * ZERO)
        if kept and (text != "charged" or row.event_id[0] == "c"):
            expected.setdefault(row.group, []).append(row)

    found = list_groups(filled, wanted)

    assert [(group.count, group.newest, sum(group.bars)) for group in found.groups] == [
        (len(rows), rows[0], len(rows)) for rows in expected.values()
    ]
    assert found.total == (len(expected), sum(map(len, expected.values())), None)


def test_a_page_of_groups_follows_another(filled: Store) -> None:
    """Searched or not; behind the last there is none, and the count is of all."""
    for text in ("", "cart"):
        pages = [list_groups(filled, Filters(text=text, limit=1, offset=offset)) for offset in range(3)]

        assert [[group.count for group in page.groups] for page in pages] == [[3], [1], []]
        assert [page.total.groups for page in pages] == [2, 2, 2]


def test_a_search_says_among_how_many_it_looked(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more events have the words than are looked at, it is the newest, and no count pretends otherwise."""
    for module in ("filters", "search_counts"):
        monkeypatch.setattr(f"otel_crumbs.view.{module}.MAX_SEARCHED", 3)

    bounded, whole = (list_groups(filled, Filters(text=text)) for text in ("cart", "ada"))

    assert bounded.total == (2, 3, 3)
    assert sorted(group.count for group in bounded.groups) == [1, 2]
    assert whole.total == (1, 1, None)


def test_without_a_fingerprint_type_frame_and_operation_group(store: Store) -> None:
    """Other senders of our attributes may have none."""
    plain = error_event("a" * 32, fingerprint="")
    put(
        store,
        plain,
        dataclasses.replace(plain, event_id="b" * 32),
        error_event("c" * 32, fingerprint="", operation="x"),
    )

    assert sorted(group.count for group in list_groups(store).groups) == [1, 2]
