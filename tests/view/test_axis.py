"""Every row of a trail has its place on one axis."""

from __future__ import annotations

import pytest

from otel_crumbs.view.axis import UNITS, make_axis
from otel_crumbs.view.trail import Trail, TrailRow

MS = 1_000_000


def trail_of(*rows: tuple[int, int, str]) -> Trail:
    """Return a trail of rows with offset and duration in milliseconds, and a branch."""
    made = tuple(
        TrailRow(kind="breadcrumb", offset=start * MS, duration=duration * MS, service="shop", branch=branch)
        for start, duration, branch in rows
    )
    return Trail(rows=(*made, TrailRow(kind="error", offset=0, service="shop")), start=made[0].offset, end=0)


def test_bars_are_as_long_as_it_took() -> None:
    """A tenth of the time is about a tenth of the axis, and zero is near its end."""
    axis = make_axis(trail_of((-1000, 100, ""), (-500, 500, "")))

    first, second, error = axis.bars
    assert first.width == pytest.approx(UNITS / 10, rel=0.05)
    assert second.place + second.width == pytest.approx(axis.zero, abs=0.1)
    assert error.place == pytest.approx(axis.zero, abs=0.1)


def test_each_branch_has_a_line() -> None:
    """In the order in which they come."""
    axis = make_axis(trail_of((-30, 1, ""), (-20, 1, "worker"), (-10, 1, "")))

    assert [(line.label, len(line.bars)) for line in axis.lines] == [("shop", 3), ("shop · worker", 1)]


@pytest.mark.parametrize("length", [1, 7, 450, 2_300, 90_000, 86_400_000])
def test_ticks_are_few_and_round(length: int) -> None:
    """Whatever the length, the error is one of them."""
    axis = make_axis(trail_of((-length, 0, "")))

    assert 2 <= len(axis.ticks) <= 9
    assert "0" in [tick.label for tick in axis.ticks]


@pytest.mark.parametrize(("start", "duration"), [(-(10**12), 2**40), (0, 0), (10**9, 5)])
def test_nothing_leaves_the_axis(start: int, duration: int) -> None:
    """Clocks of machines differ, and what was sent may be anything."""
    row = TrailRow(kind="breadcrumb", offset=start, duration=duration)

    axis = make_axis(Trail(rows=(row,), start=min(start, 0), end=max(start + duration, 0)))

    assert all(bar.place >= 0 and bar.place + bar.width <= UNITS + 3 for bar in axis.bars)
