"""Tests of `otel_crumbs.event.room`: what parts of an event are cut to is never more than their room."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otel_crumbs.event.room import (
    Room,
    cut_counts,
    cut_mapping,
    cut_texts,
    cut_to_room,
    cut_value,
    split_room,
    weigh_value,
)

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=30), inner, max_size=5),
    max_leaves=10,
)
ROOMS = st.integers(0, 500)


def test_what_a_part_does_not_need_is_for_the_others() -> None:
    """The share of a small part goes to the large ones, by their shares."""
    assert split_room([10, 1000, 1000], [1, 1, 2], 310) == [10, 100, 200]
    assert split_room([10, 20], [1, 1], 1000) == [10, 20]
    assert split_room([], [], 10) == []


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 9)), min_size=1, max_size=8), st.integers(-10, 3000))
def test_no_more_is_given_than_there_is(parts: list[tuple[int, int]], room: int) -> None:
    """Nor more than a part weighs; and all of it if that is needed."""
    weights, shares = [weight for weight, _ in parts], [share for _, share in parts]

    given_rooms = split_room(weights, shares, room)

    assert sum(given_rooms) <= max(room, 0)
    assert all(left <= weight for left, weight in zip(given_rooms, weights, strict=True))
    assert sum(given_rooms) > min(sum(weights), max(room, 0)) - len(parts)


def test_a_text_keeps_both_ends() -> None:
    """What is in the middle goes."""
    cut = cut_to_room("begins" + "ü" * 1000 + "ends", 100)

    assert cut.startswith("begins")
    assert cut.endswith("ends")
    assert 80 <= weigh_value(cut) <= 100


@given(st.text(max_size=300), ROOMS)
def test_a_text_fits(text: str, room: int) -> None:
    """Whatever letters it is of; one that fits is the same."""
    cut = cut_to_room(text, room)

    assert weigh_value(cut) <= max(room, 2)
    assert cut == text or weigh_value(text) > room


@given(st.lists(st.none() | st.text(max_size=100), max_size=6), ROOMS)
def test_texts_fit_together(texts: list[str | None], room: int) -> None:
    """Nothing stays nothing."""
    cut = cut_texts(texts, room)

    assert sum(weigh_value(text) for text in cut if text) <= room
    assert [text is None for text in cut] == [text is None for text in texts]


@given(PLAIN, st.integers(100, 1000))
def test_a_value_fits(value: Any, room: int) -> None:
    """At any depth, and it stays of its kind."""
    cut = cut_value(value, room)

    assert weigh_value(cut) <= room
    assert cut == value or weigh_value(value) > room


@given(st.dictionaries(st.text(max_size=100), PLAIN, max_size=30), st.integers(2, 2000))
@settings(max_examples=40)
def test_a_mapping_fits(data: dict[str, Any], room: int) -> None:
    """The first items stay."""
    assert weigh_value(cut_mapping(data, room)) <= room


def test_a_mapping_has_its_braces() -> None:
    """One whose items alone take all the room is cut."""
    assert weigh_value({"a": 1, "b": 22}) == 14
    assert weigh_value(cut_mapping({"a": 1, "b": 22}, 13)) <= 13


def test_a_list_keeps_both_ends() -> None:
    """A mark stands for the rest."""
    cut = cut_value([*range(1000)], 60)

    assert cut[:3] == [0, 1, 2]
    assert cut[-1] == 999
    assert "…" in cut


@given(st.dictionaries(st.text(max_size=50), st.integers(0, 10**6), max_size=40), st.integers(60, 1000))
def test_counts_add_up(counts: dict[str, int], room: int) -> None:
    """Those that have no room are counted together."""
    cut = cut_counts(counts, room)

    assert sum(cut.values()) == sum(counts.values())
    assert weigh_value(cut) <= room + 20


def test_the_largest_counts_stay() -> None:
    """A hundred thousand names make one count."""
    cut = cut_counts({f"name {number}": number for number in range(100_000)}, 200)

    assert cut["name 99999"] == 99_999
    assert cut["…"] > 10**9
    assert len(cut) < 15


def test_room_is_taken_once() -> None:
    """What does not fit leaves it as it was."""
    room = Room(10)

    assert [room.take(6), room.take(6), room.take(4)] == [True, False, True]
