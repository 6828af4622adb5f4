"""The attributes that an application gives: plain copies, under standard names, within bounds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NoReturn
from uuid import UUID

import pytest

from otel_crumbs.trails.context_attributes import (
    MAX_CONTEXT_ATTRIBUTES,
    add_attributes,
    assign_numbers,
    merge_attributes,
    read_attributes,
)


class Plan(str, Enum):
    """A plan, as applications write one."""

    GOLD = "gold"


class Rank(IntEnum):
    """A number with a name."""

    FIRST = 1


class Hostile:
    """An object that fails whatever it is asked."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise AssertionError(f"it was asked for {name}")

    def __repr__(self) -> str:
        raise AssertionError("it was asked for its text")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"user": 7}, {"user.id": 7}),
        ({"user_id": "u7", "user_email": "a@b.example"}, {"user.id": "u7", "user.email": "a@b.example"}),
        ({"user": {"id": 7, "name": "ada"}}, {"user.id": 7, "user.name": "ada"}),
        ({"tenant": "acme", "order": 3.5, "paid": True}, {"tenant": "acme", "order": 3.5, "paid": True}),
        ({"order": {"id": 1, "lines": [1, 2]}}, {"order.id": 1, "order.lines": [1, 2]}),
        ({"plan": Plan.GOLD, "rank": Rank.FIRST}, {"plan": "gold", "rank": 1}),
        ({"id": UUID(int=1), "sum": Decimal("1.50")}, {"id": str(UUID(int=1)), "sum": "1.50"}),
        ({"day": date(2026, 1, 2)}, {"day": "2026-01-02"}),
        ({"at": datetime(2026, 1, 2, tzinfo=timezone.utc)}, {"at": "2026-01-02 00:00:00+00:00"}),
        ({"ids": (1, 2), "tags": {"a"}, "none": None}, {"ids": [1, 2], "tags": ["a"], "none": None}),
        ({"user.id": 7}, {"user.id": 7}),
    ],
)
def test_plain_values_are_kept_under_standard_names(given: dict[str, Any], expected: dict[str, Any]) -> None:
    """Keywords become OpenTelemetry's names, and dictionaries dotted ones."""
    assert read_attributes(given) == expected


@pytest.mark.parametrize("make", [Hostile, lambda: [Hostile()], lambda: [[[[[[1]]]]]], lambda: b"x", lambda: len])
def test_a_value_that_is_not_plain_is_left_out_alone(make: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> None:
    """It is not asked for anything; one warning names the remedy, and the others are kept."""
    with caplog.at_level(logging.WARNING):
        found = [read_attributes({"before": 1, "bad": make(), "after": 2}) for _ in range(3)]

    assert found == [{"before": 1, "after": 2}] * 3
    assert len(caplog.records) == 1
    assert "'bad'" in caplog.text
    assert "Remedy: a plain value" in caplog.text


def test_what_the_event_says_itself_cannot_be_given(caplog: pytest.LogCaptureFixture) -> None:
    """An exception's type is the exception's."""
    assert read_attributes({"exception.type": "x", "otel_crumbs.handled": True, "tenant": "acme"}) == {"tenant": "acme"}
    assert "Remedy: another name" in caplog.text


def test_attributes_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """The first names are kept, and long texts are cut."""
    found = read_attributes({f"name_{number}": "x" * 5000 for number in range(100)})
    added: dict[str, tuple[int, Any]] = {}
    for number in range(100):
        add_attributes(added, assign_numbers({f"name_{number}": 1}))

    assert len(found) == len(added) == MAX_CONTEXT_ATTRIBUTES
    assert all(len(value) <= 1000 for value in found.values())
    assert "Remedy: fewer names" in caplog.text


def test_the_value_that_was_given_last_counts() -> None:
    """Whatever the order of the parts; None takes an attribute away."""
    first = assign_numbers({"user.id": 1, "tenant": "acme", "order": 3})
    second = assign_numbers({"user.id": 2, "order": None})

    assert merge_attributes([second, first]) == {"user.id": 2, "tenant": "acme"}
