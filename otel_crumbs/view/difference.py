"""The difference between the trails of two errors of one failure: what happened in one of them alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from .trail import TrailRow

# Ids, numbers and times are others each time.
_VARIABLE = re.compile(r"[0-9a-f]{8,}(?:-[0-9a-f]{4,})*|\d+(?:[.,]\d+)*", re.IGNORECASE)
_MAX_ROWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceRow:
    """
    One row of two trails side by side.

    Args:
        left: The row of the first trail, None where it has none.
        right: The row of the second trail, likewise.

    """

    left: TrailRow | None
    right: TrailRow | None

    @property
    def sign(self) -> str:
        """``=`` where both have it, ``-`` and ``+`` where only the first or the second has."""
        return "=" if self.left and self.right else "-" if self.left else "+"


def compare_trails(left: Sequence[TrailRow], right: Sequence[TrailRow]) -> list[DifferenceRow]:
    """Return the rows of two trails, those that are alike beside each other."""
    first, second = left[-_MAX_ROWS:], right[-_MAX_ROWS:]
    matcher = SequenceMatcher(None, [*map(simplify_row, first)], [*map(simplify_row, second)], autojunk=False)
    rows: list[DifferenceRow] = []
    for tag, from_left, to_left, from_right, to_right in matcher.get_opcodes():
        if tag == "equal":
            pairs = zip(first[from_left:to_left], second[from_right:to_right], strict=True)
            rows += [DifferenceRow(left=each, right=other) for each, other in pairs]
            continue
        rows += [DifferenceRow(left=each, right=None) for each in first[from_left:to_left]]
        rows += [DifferenceRow(left=None, right=each) for each in second[from_right:to_right]]
    return rows


def simplify_row(row: TrailRow) -> str:
    """Return a row without what is another each time: times, ids and numbers."""
    return f"{row.category} {row.level} {_VARIABLE.sub('#', row.message)}"
