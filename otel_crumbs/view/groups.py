"""The list of failures: error events in groups, counted by their series, or one by one where a text is searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .filters import Filters, make_match
from .group_count import BARS, Counts, ErrorCount, GroupCount, Part
from .queries import ErrorRow, get_rows
from .search_counts import SearchCounts
from .series_counts import SeriesCounts
from .store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """
    The error events of one failure that match.

    Args:
        name: By which it is asked for, 32 hexadecimal digits.
        type: Of the exception.
        frame: The application's innermost frame: ``shop/checkout.py:29 in pay``.
        operation: The name of the unit of work, or nothing.
        count: How many events there are.
        held_back: How many more there were, which the senders' rate limits held back.
        first: When the first was, in nanoseconds since the epoch.
        last: When the last was.
        services: Where it happened.
        bars: How many there were in each of `BARS` equal parts of the time of all groups that are listed.
        newest: The newest event.

    """

    name: str
    type: str
    frame: str
    operation: str
    count: int
    held_back: int
    first: int
    last: int
    services: tuple[str, ...]
    bars: tuple[int, ...]
    newest: ErrorRow


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupList:
    """
    Some of the groups that match, and how many there are.

    Args:
        groups: Those that were asked for, that of the newest event first.
        total: Of all that match.

    """

    groups: tuple[Group, ...]
    total: ErrorCount


def list_groups(store: Store, filters: Filters | None = None) -> GroupList:
    """Return the groups of the error events that match."""
    filters = filters or Filters()
    counts = _count(store, filters)
    listed = counts.list_groups()
    if not listed:
        return GroupList(groups=(), total=counts.count())
    start = min(group.first for group in listed) if filters.since is None else filters.since
    end = max(group.last for group in listed) if filters.until is None else filters.until
    width = max(1, -(-(end - start + 1) // BARS))
    parts = counts.list_parts([group.number for group in listed], start, width)
    return GroupList(groups=tuple(_make_groups(store, counts, listed, parts)), total=counts.count())


def count_errors(store: Store, filters: Filters | None = None) -> ErrorCount:
    """Return how many groups and how many error events match."""
    return _count(store, filters or Filters()).count()


def _count(store: Store, filters: Filters) -> Counts:
    return SearchCounts(store, filters) if make_match(filters.text) else SeriesCounts(store, filters)


def _make_groups(store: Store, counts: Counts, listed: Sequence[GroupCount], parts: Sequence[Part]) -> Iterator[Group]:
    numbers = counts.find_newest([group.number for group in listed])
    rows = get_rows(store, numbers.values())
    names = _get_names(store, [group.number for group in listed])
    parts_of: dict[int, list[Part]] = {group.number: [] for group in listed}
    for part in parts:
        parts_of[part.group].append(part)
    for group in listed:
        newest = rows.get(numbers.get(group.number, 0))
        # What was removed meanwhile is not listed.
        if newest is not None and group.number in names:
            name, kind, frame, operation = names[group.number]
            yield Group(
                name=name,
                type=kind,
                frame=frame,
                operation=operation,
                count=group.errors,
                held_back=group.held_back,
                first=group.first,
                last=group.last,
                services=tuple(sorted({part.service for part in parts_of[group.number]})),
                bars=_make_bars(parts_of[group.number]),
                newest=newest,
            )


def _get_names(store: Store, groups: Sequence[int]) -> dict[int, tuple[str, str, str, str]]:
    listed = ", ".join(map(str, groups))
    found = store.select(f"SELECT number, name, type, frame, operation FROM groups WHERE number IN ({listed})")  # noqa: S608 - numbers
    return {number: (name, kind, frame, operation) for number, name, kind, frame, operation in found}


def _make_bars(parts: Sequence[Part]) -> tuple[int, ...]:
    bars = [0] * BARS
    for part in parts:
        bars[min(max(part.bar, 0), BARS - 1)] += part.errors
    return tuple(bars)
