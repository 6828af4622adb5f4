"""The numbers of a list of failures, whichever way they are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

# Of the small chart of a group.
BARS = 24


class ErrorCount(NamedTuple):
    """How much matches: *searched* says among how many, the newest, where a search stopped there, else None."""

    groups: int
    errors: int
    searched: int | None

    @property
    def among(self) -> str:
        """The words that say so behind a number of events, none where all of them were looked at."""
        return f" among the newest {self.searched:,} that have these words" if self.searched else ""


class GroupCount(NamedTuple):
    """The events of one group that match; times are nanoseconds since the epoch."""

    number: int
    errors: int
    held_back: int
    first: int
    last: int


class Part(NamedTuple):
    """How many events of a group and a service there were in one part of the time."""

    group: int
    bar: int
    service: str
    errors: int


class Counts(Protocol):
    """Counts the events that match the filters that it was made for."""

    def count(self) -> ErrorCount:
        """Return how much there is."""

    def list_groups(self) -> Sequence[GroupCount]:
        """Return the groups that are asked for, that of the newest event first."""

    def list_parts(self, groups: Sequence[int], start: int, width: int) -> Sequence[Part]:
        """Return the events of some groups by parts of the time, which begin at *start* and are *width* long."""

    def find_newest(self, groups: Sequence[int]) -> dict[int, int]:
        """Return the number of the newest event of each of some groups."""
