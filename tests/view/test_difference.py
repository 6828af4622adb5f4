"""The difference of two trails is what happened in one of them alone."""

from __future__ import annotations

from otel_crumbs.view.difference import compare_trails, simplify_row
from otel_crumbs.view.trail import TrailRow


def row(message: str, category: str = "redis") -> TrailRow:
    """Return a row of a trail."""
    return TrailRow(kind="breadcrumb", offset=0, category=category, message=message)


def test_rows_that_are_alike_stand_beside_each_other() -> None:
    """One has no cache hit; ids and times differ each time."""
    left = [row("GET /orders/7 in 12 ms"), row("cache hit order:7"), row("saved 0af7651916cd43dd")]
    right = [row("GET /orders/8 in 9.5 ms"), row("SELECT ?", "query"), row("saved b7ad6b7169203331")]

    rows = compare_trails(left, right)

    assert [each.sign for each in rows] == ["=", "-", "+", "="]


def test_category_and_level_matter() -> None:
    """The same words of somebody else are something else."""
    assert simplify_row(row("x", "a")) != simplify_row(row("x", "b"))


def test_trails_without_rows_have_no_difference() -> None:
    """An error may have no trail."""
    assert compare_trails([], []) == []
