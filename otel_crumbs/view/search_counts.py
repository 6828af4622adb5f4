"""Groups counted from the events that have the words of a search, as many as are looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .filters import MAX_SEARCHED, SEARCH, Filters, make_match, make_row_condition
from .group_count import ErrorCount, GroupCount, Part
from .store import Store


class SearchCounts:
    """
    Searches once, and counts what else the filters let through.

    Args:
        store: The store.
        filters: Their text has a word.

    """

    def __init__(self, store: Store, filters: Filters) -> None:
        self._limit, self._offset = max(0, filters.limit), max(0, filters.offset)
        condition, parameters = make_row_condition(filters)
        statement = f"""SELECT number, group_number, service, time, held_back, {condition} FROM errors
            WHERE number IN ({SEARCH}) ORDER BY number DESC"""  # noqa: S608 - it has placeholders
        search = {"text": make_match(filters.text), "searched": MAX_SEARCHED + 1}
        found = store.select(statement, parameters | search)
        self._searched = MAX_SEARCHED if len(found) > MAX_SEARCHED else None
        self._groups: dict[int, list[_Event]] = {}
        for number, group, service, moment, held_back, matches in found[:MAX_SEARCHED]:
            if matches:
                self._groups.setdefault(group, []).append(_Event(number, service, moment, held_back))

    def count(self) -> ErrorCount:
        """Return how much there is."""
        return ErrorCount(len(self._groups), sum(map(len, self._groups.values())), self._searched)

    def list_groups(self) -> Sequence[GroupCount]:
        """Return the groups that are asked for, that of the newest event first."""
        counted = [_count_group(number, events) for number, events in self._groups.items()]
        counted.sort(key=lambda group: group.last, reverse=True)
        return counted[self._offset : self._offset + self._limit]

    def list_parts(self, groups: Sequence[int], start: int, width: int) -> Sequence[Part]:
        """Return the events of some groups by parts of the time, which begin at *start* and are *width* long."""
        counted = Counter(
            (group, (event.time - start) // width, event.service) for group in groups for event in self._groups[group]
        )
        return [Part(*key, errors) for key, errors in counted.items()]

    def find_newest(self, groups: Sequence[int]) -> dict[int, int]:
        """Return the number of the newest event of each of some groups."""
        return {group: max((event.time, event.number) for event in self._groups[group])[1] for group in groups}


class _Event(NamedTuple):
    number: int
    service: str
    time: int
    held_back: int


def _count_group(number: int, events: Sequence[_Event]) -> GroupCount:
    times = [event.time for event in events]
    return GroupCount(number, len(events), sum(event.held_back for event in events), min(times), max(times))
