"""Groups counted by their series: single events are looked at where a time is asked for, in one index, in its order."""

from __future__ import annotations

from collections.abc import Sequence

from .filters import Filters, make_series_condition
from .group_count import BARS, ErrorCount, GroupCount, Part
from .store import Store

# Of a series that has as many events, each part of the time is counted by itself, which takes two looks into the index;
# the events of smaller ones are read and sorted.
_MANY = 100
_WHOLE = "SELECT group_number, errors, held_back, first, last FROM series WHERE {condition}"
# CROSS JOIN keeps SQLite from reading events first, of which there are many more.
_EVENTS = """FROM series CROSS JOIN errors ON errors.series_number = series.number
  AND time BETWEEN :since AND :until WHERE {condition}"""
_WITHIN = f"""{_WHOLE} AND first >= :since AND last <= :until UNION ALL
  SELECT series.group_number, count(*), sum(errors.held_back), min(time), max(time) {_EVENTS}
  AND (first < :since OR last > :until) GROUP BY series.number"""
_PARTS = f"""WITH RECURSIVE part (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM part WHERE number < :bars - 1)
  SELECT group_number, part.number, service, (SELECT count(*) FROM errors WHERE series_number = series.number
    AND time BETWEEN max(:since, :start + part.number * :width)
    AND min(:until, :start + part.number * :width + :width - 1))
  FROM series CROSS JOIN part WHERE {{condition}} AND group_number IN ({{groups}}) AND errors >= :many
  UNION ALL SELECT series.group_number, (time - :start) / :width, series.service, count(*) {_EVENTS}
  AND series.group_number IN ({{groups}}) AND series.errors < :many GROUP BY 1, 2, 3"""  # noqa: S608 - constants with placeholders
_NEWEST = """SELECT group_number, number, time FROM errors WHERE number IN (SELECT (SELECT number FROM errors
  WHERE series_number = series.number AND time BETWEEN :since AND :until ORDER BY time DESC, number DESC LIMIT 1)
  FROM series WHERE {condition} AND series.group_number IN ({groups})) ORDER BY time, number"""


class SeriesCounts:
    """
    Counts what filters without a text let through.

    Args:
        store: The store.
        filters: Whose text is not looked at.

    """

    def __init__(self, store: Store, filters: Filters) -> None:
        self._store = store
        self._condition, self._parameters = make_series_condition(filters)
        source = _WITHIN if filters.has_period else _WHOLE
        self._source = source.format(condition=self._condition)

    def count(self) -> ErrorCount:
        """Return how much there is."""
        statement = f"SELECT count(DISTINCT group_number), coalesce(sum(errors), 0) FROM ({self._source})"  # noqa: S608 - constants with placeholders
        [row] = self._store.select(statement, self._parameters)
        return ErrorCount(row[0], row[1], None)

    def list_groups(self) -> Sequence[GroupCount]:
        """Return the groups that are asked for, that of the newest event first."""
        statement = f"""SELECT group_number, sum(errors), sum(held_back), min(first), max(last) FROM ({self._source})
            GROUP BY group_number ORDER BY max(last) DESC LIMIT :limit OFFSET :offset"""  # noqa: S608 - constants with placeholders
        return [GroupCount(*row) for row in self._store.select(statement, self._parameters)]

    def list_parts(self, groups: Sequence[int], start: int, width: int) -> Sequence[Part]:
        """Return the events of some groups by parts of the time, which begin at *start* and are *width* long."""
        statement = _PARTS.format(condition=self._condition, groups=", ".join(map(str, groups)))
        parameters = self._parameters | {"start": start, "width": width, "bars": BARS, "many": _MANY}
        parts = (Part(*row) for row in self._store.select(statement, parameters))
        return [part for part in parts if part.errors]

    def find_newest(self, groups: Sequence[int]) -> dict[int, int]:
        """Return the number of the newest event of each of some groups."""
        statement = _NEWEST.format(condition=self._condition, groups=", ".join(map(str, groups)))
        return {group: number for group, number, _ in self._store.select(statement, self._parameters)}
