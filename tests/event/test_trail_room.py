"""Tests of `otel_crumbs.event.trail_room`: which breadcrumbs stay where there is no room for all."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs import Breadcrumb
from otel_crumbs.event.trail_room import choose_breadcrumbs, weigh_at_most, weigh_breadcrumb

from .breadcrumbs import BREADCRUMBS, crumb


def choose(breadcrumbs: list[Breadcrumb], room: int) -> tuple[Breadcrumb, ...]:
    """Choose breadcrumbs for a room."""
    return choose_breadcrumbs(breadcrumbs, [*map(weigh_breadcrumb, breadcrumbs)], room)


def test_a_breadcrumb_that_is_too_large_is_cut() -> None:
    """Its message keeps both ends, and the others stay as they are."""
    breadcrumbs = [crumb(1), crumb(2, size=7000), crumb(3)]

    kept = choose(breadcrumbs, 3000)

    assert [item.timestamp for item in kept] == [1, 2, 3]
    assert kept[0] is breadcrumbs[0]
    assert kept[1].message.startswith("2 xxx")
    assert kept[1].message.endswith("xxx end")
    assert weigh_breadcrumb(kept[1]) <= 1000


@given(st.lists(BREADCRUMBS, max_size=12), st.integers(0, 4000))
def test_they_fit(breadcrumbs: list[Breadcrumb], room: int) -> None:
    """Whatever is in them."""
    kept = choose(breadcrumbs, room)

    assert sum(map(weigh_breadcrumb, kept)) <= max(room, 0)


@pytest.mark.parametrize("message", ["plain", "ünïcödé" * 100, '"quoted"\n' * 50])
def test_the_weight_is_that_of_the_wire(message: str) -> None:
    """What a breadcrumb weighs is what it takes as JSON, with a comma."""
    breadcrumb = Breadcrumb(timestamp=0, message=message)
    encoded = json.dumps(breadcrumb.as_dict(), ensure_ascii=False, separators=(",", ":")).encode()

    assert weigh_breadcrumb(breadcrumb) == len(encoded) + 1


@given(st.lists(BREADCRUMBS, max_size=5))
def test_the_quick_weight_is_never_too_small(breadcrumbs: list[Breadcrumb]) -> None:
    """Whatever is in breadcrumbs: what seems to fit does fit."""
    assert weigh_at_most(breadcrumbs) >= sum(map(weigh_breadcrumb, breadcrumbs))


def test_the_quick_weight_is_near_that_of_a_typical_trail() -> None:
    """So it is the only one that nearly all trails need."""
    data = {"method": "GET", "url": "https://api.example.com/v1/customers/17", "status_code": 200, "duration_ms": 4.125}
    breadcrumb = Breadcrumb(
        timestamp=1, message='GET "customers" -> 200 in 4.1 ms', data=data, span_id="0" * 16, duration_ms=4.125
    )

    assert weigh_breadcrumb(breadcrumb) <= weigh_at_most([breadcrumb]) <= weigh_breadcrumb(breadcrumb) * 1.5
