"""Any value becomes plain, small and safe to send, and the application's is left as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otel_crumbs.base.plain import (
    MAX_CHARACTERS_IN_ALL,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_ITEMS_IN_ALL,
    MAX_TEXT,
    cut_text,
    to_plain,
    to_plain_mapping,
    to_text,
)


class Colour(Enum):
    """An enumeration of an application."""

    RED = "red"


class Number(IntEnum):
    """One whose members are integers."""

    ONE = 1


class Hostile:
    """Raises whatever one asks it."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __str__(self) -> str:
        raise RuntimeError("no str")


class HostileMapping(Mapping[str, Any]):
    """A mapping that cannot be read."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no items")

    def __len__(self) -> int:
        return 1


class Attributes(dict[str, Any]):
    """A mapping whose items are attributes, and that has every attribute one asks for."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


class QuerySet:
    """Asks a database as soon as it is iterated, as Django's do."""

    def __init__(self) -> None:
        self.asked = 0

    def __iter__(self) -> Iterator[int]:
        self.asked += 1
        return iter([1, 2])

    def __len__(self) -> int:
        self.asked += 1
        return 2

    def __repr__(self) -> str:
        self.asked += 1
        return "<QuerySet [1, 2]>"


class OwnText(str):
    """A text with ideas of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no str")


SURROGATES = st.text(st.characters(), max_size=30)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | SURROGATES
    | st.binary(max_size=30)
    | st.decimals()
    | st.dates()
    | st.uuids()
    | st.complex_numbers()
    | st.builds(object)
    | st.builds(Hostile)
    | st.builds(HostileMapping)
    | st.builds(ValueError, SURROGATES)
    | st.just(Colour.RED)
    | st.just(Ellipsis),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(SURROGATES | st.integers() | st.binary(max_size=4) | st.none(), inner, max_size=5)
    ),
    max_leaves=25,
)


def encode(value: Any) -> None:
    """Encode a plain value as JSON and as a value of OTLP; raises what cannot be."""
    json.dumps(value, allow_nan=False).encode()
    _encode(value)


def _encode(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            assert type(key) is str
            key.encode()
            _encode(item)
    elif isinstance(value, list):
        for item in value:
            _encode(item)
    elif type(value) is str:
        AnyValue(string_value=value).SerializeToString()
    elif type(value) is int:
        AnyValue(int_value=value).SerializeToString()
    elif value is not None:
        assert type(value) in {bool, float}


@given(ANYTHING)
def test_any_value_can_be_encoded(value: Any) -> None:
    """JSON without NaN, and protobuf, take whatever comes out."""
    encode(to_plain(value))


@given(st.dictionaries(SURROGATES | st.integers() | st.builds(object), ANYTHING, max_size=8))
def test_any_mapping_can_be_encoded(data: dict[Any, Any]) -> None:
    """Keys become text."""
    encode(to_plain_mapping(data))


@given(SURROGATES)
def test_any_text_can_be_encoded(value: str) -> None:
    """Lone surrogates are written out; all else stays."""
    cleaned = to_text(value)

    cleaned.encode()
    assert cleaned == value or "\\u" in cleaned


@pytest.mark.parametrize("value", ["text", "ünïcödé 🦀", 7, -(2**63), 2**63 - 1, 1.5, True, False, None, ""])
def test_a_plain_value_is_kept(value: Any) -> None:
    """Value and type stay."""
    cleaned = to_plain(value)

    assert cleaned == value
    assert type(cleaned) is type(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**63, str(2**63)),
        (-(2**70), str(-(2**70))),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (b"bytes", "bytes"),
        (b"\xff", "\\xff"),
        (bytearray(b"array"), "array"),
        ("\ud800", "\\ud800"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=timezone.utc), "2026-01-02 00:00:00+00:00"),
        (timedelta(seconds=90), "0:01:30"),
        (Decimal("1.10"), "1.10"),
        (Fraction(1, 3), "1/3"),
        (PurePosixPath("/etc"), "/etc"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Number.ONE, 1),
        ((1, 2), [1, 2]),
        ({"a": {"b": (1,)}}, {"a": {"b": [1]}}),
        ({1: "int", None: "none", b"b": "bytes"}, {"1": "int", "None": "none", "b": "bytes"}),
        (Attributes(a=1), {"a": 1}),
        (ValueError("boom"), "ValueError: boom"),
        (OwnText("own"), "own"),
    ],
)
def test_a_value_in_plain_words(value: Any, expected: Any) -> None:
    """What has no place in JSON is written as people would."""
    assert to_plain(value) == expected


def test_an_endless_integer_costs_nothing() -> None:
    """Python refuses to write out very large integers; we say how large it is."""
    assert to_plain(1 << 100_000) == "<integer of 100001 bits>"


@pytest.mark.parametrize("value", [Hostile(), HostileMapping()])
def test_a_hostile_value_is_named(value: Any) -> None:
    """What raises while it is read is told by its class."""
    assert type(value).__qualname__ in to_plain(value)
    assert "RuntimeError" in to_plain(value)


def test_a_hostile_value_costs_only_itself() -> None:
    """What stands beside it is told."""
    assert to_plain([1, Hostile(), 2])[::2] == [1, 2]
    assert to_plain({"good": 1, "bad": Hostile()})["good"] == 1


def test_a_query_set_is_not_asked() -> None:
    """An iterable that is not a plain container is named, not read."""
    query_set = QuerySet()

    cleaned = to_plain({"orders": query_set})

    assert "QuerySet" in cleaned["orders"]
    assert query_set.asked == 0


def test_a_generator_is_not_exhausted() -> None:
    """It is the application's to read."""
    generator = (number for number in range(3))

    assert "generator" in to_plain(generator)
    assert list(generator) == [0, 1, 2]


def test_a_coroutine_is_not_touched() -> None:
    """It is neither awaited nor closed."""

    async def work() -> int:
        return 7

    coroutine = work()

    assert "coroutine" in to_plain(coroutine)
    with pytest.raises(StopIteration, match="7"):
        coroutine.send(None)


def test_what_holds_itself_ends() -> None:
    """Cycles are cut where they are too deep."""
    cycle: dict[str, Any] = {"name": "cycle"}
    cycle["self"] = cycle
    endless: list[Any] = []
    endless.append(endless)

    encode(to_plain(cycle))
    encode(to_plain(endless))
    assert to_plain(cycle)["self"]["name"] == "cycle"


def test_depth_is_bounded() -> None:
    """Deeper than that nobody reads; a receiver refuses it."""
    deep: Any = "bottom"
    for _ in range(50):
        deep = [deep]

    cleaned, depth = to_plain(deep), 0
    while isinstance(cleaned, list):
        cleaned, depth = cleaned[0], depth + 1

    assert depth == MAX_DEPTH
    assert cleaned == "<builtins.list>"


@pytest.mark.parametrize("value", [list(range(1000)), dict.fromkeys(range(1000)), set(range(1000))])
def test_length_is_bounded(value: Any) -> None:
    """Of a large container the first items are told."""
    assert len(to_plain(value)) == MAX_ITEMS


@pytest.mark.parametrize("value", ["a" * 100_000, b"a" * 100_000, OwnText("a" * 100_000), PurePosixPath("a" * 9999)])
def test_texts_are_bounded_and_say_so(value: Any) -> None:
    """A cut text ends with an ellipsis."""
    cleaned = to_plain(value)

    assert len(cleaned) <= MAX_TEXT
    assert cleaned.startswith("aaa")


def test_later_changes_are_not_seen() -> None:
    """What was recorded is a copy."""
    value = {"items": [1]}

    cleaned = to_plain(value)
    value["items"].append(2)

    assert cleaned == {"items": [1]}


@pytest.mark.parametrize("value", ["text", 7, None, [1], Hostile()])
def test_what_is_no_mapping_is_kept_as_its_value(value: Any) -> None:
    """Somebody passed something else where a mapping belongs."""
    assert to_plain_mapping(value) == {"value": to_plain(value)}


def count_items(value: Any) -> int:
    """Return how many values there are in a plain one, at all levels."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count_items, inside))


def test_items_are_bounded_at_all_levels_together() -> None:
    """Lists that hold one another by reference are a thousand items, those of the first level first."""
    value: Any = ["item"] * MAX_ITEMS
    for _ in range(MAX_DEPTH - 1):
        value = [value] * MAX_ITEMS
    copy = to_plain(value)
    assert count_items(copy) <= MAX_ITEMS_IN_ALL + 1
    assert len(copy) == MAX_ITEMS
    assert copy[0][0][0][0] == ["item"] * MAX_ITEMS
    assert copy[-1] == "<builtins.list>"


def test_characters_are_bounded_at_all_levels_together() -> None:
    """Keys count, and what comes first is whole."""
    value = {f"{'key' * 100}{number}": {str(inner): "x" * 2000 for inner in range(60)} for number in range(60)}
    copy = to_plain(value)
    assert MAX_CHARACTERS_IN_ALL < len(json.dumps(copy)) < 2 * MAX_CHARACTERS_IN_ALL
    assert copy[f"{'key' * 100}0"]["0"] == "x" * 2000


def test_a_long_text_keeps_both_ends() -> None:
    """Two thirds are of the beginning."""
    cut = to_plain({"text": "begin" + "x" * 10 * MAX_TEXT + "end"})["text"]
    assert cut.startswith("beginx")
    assert cut.endswith("xend")
    assert len(cut) == MAX_TEXT
    assert [cut_text("abcdef", limit) for limit in (2, 3, 5, 6)] == ["a…", "a…f", "abc…f", "abcdef"]
