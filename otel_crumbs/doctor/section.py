"""The findings of the doctor: rows in sections."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class State(str, Enum):
    """The weight of a finding."""

    PLAIN = "plain"
    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One finding.

    Args:
        name: What it is about.
        value: What was found.
        remark: Where it comes from, or what to do about it.
        state: How it is to be taken.

    """

    name: str
    value: str = ""
    remark: str = ""
    state: State = State.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """
    Findings that belong together.

    Args:
        title: For people.
        key: For programs.
        rows: The findings.

    """

    title: str
    key: str
    rows: tuple[Row, ...]

    def as_list(self) -> list[dict[str, Any]]:
        """Return the findings as plain values."""
        return [asdict(row) for row in self.rows]
