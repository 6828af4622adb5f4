"""The question for error events: which, and how many."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

# A search by text looks at so many events that have its words, the newest: more would take longer than a page may.
MAX_SEARCHED = 5_000
SEARCH = "SELECT rowid FROM texts WHERE texts MATCH :text ORDER BY rowid DESC LIMIT :searched"
_ANY = "1"
_END_OF_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """
    Which error events are wanted; what is empty does not matter.

    Args:
        text: Words that all stand in messages, breadcrumbs, their data or attributes; the last letters may be missing.
        service: The name of the service.
        level: ``error`` or ``fatal``.
        mechanism: What noticed the error.
        group: The name of a group, as in `Group.name`.
        since: Not before, in nanoseconds since the epoch.
        until: Not after, likewise.
        limit: How many at the most.
        offset: How many are passed over.

    """

    text: str = ""
    service: str = ""
    level: str = ""
    mechanism: str = ""
    group: str = ""
    since: int | None = None
    until: int | None = None
    limit: int = 50
    offset: int = 0

    @property
    def has_period(self) -> bool:
        """Whether a time is asked for."""
        return self.since is not None or self.until is not None

    @property
    def is_open(self) -> bool:
        """Whether every error event matches."""
        names = (self.text.strip(), self.service, self.level, self.mechanism, self.group)
        return not any(names) and not self.has_period


def make_condition(filters: Filters) -> tuple[str, dict[str, Any]]:
    """Return the condition of a query on the table ``errors``, and its parameters."""
    of_series, parameters = make_series_condition(filters)
    parts = ["time BETWEEN :since AND :until"] if filters.has_period else []
    if of_series != _ANY:
        parts.append(f"series_number IN (SELECT number FROM series WHERE {of_series})")  # noqa: S608 - it has placeholders
    if match := make_match(filters.text):
        parts.append(f"errors.number IN ({SEARCH})")
        parameters |= {"text": match, "searched": MAX_SEARCHED}
    return " AND ".join(parts) or _ANY, parameters


def make_series_condition(filters: Filters) -> tuple[str, dict[str, Any]]:
    """Return the condition of a query on the table ``series``, and the parameters of that and of every other one."""
    parts = _compare_names(filters, "series")
    if filters.has_period:
        parts.append("series.last >= :since AND series.first <= :until")
    return " AND ".join(parts) or _ANY, _make_parameters(filters)


def make_row_condition(filters: Filters) -> tuple[str, dict[str, Any]]:
    """Return a condition that is asked of single rows of the table ``errors``, and its parameters, without the text."""
    return " AND ".join(["time BETWEEN :since AND :until", *_compare_names(filters, "errors")]), _make_parameters(
        filters
    )


def _compare_names(filters: Filters, table: str) -> list[str]:
    parts = [f"{table}.{name} = :{name}" for name in ("service", "level", "mechanism") if getattr(filters, name)]
    if filters.group:
        parts.append(f"{table}.group_number = (SELECT number FROM groups WHERE name = :group)")  # noqa: S608 - constants
    return parts


def _make_parameters(filters: Filters) -> dict[str, Any]:
    names = {name: getattr(filters, name) for name in ("service", "level", "mechanism", "group")}
    numbers = {
        "limit": max(0, filters.limit),
        "offset": max(0, filters.offset),
        "since": 0 if filters.since is None else filters.since,
        "until": _END_OF_TIME if filters.until is None else filters.until,
    }
    return names | numbers


def make_match(text: str) -> str:
    """
    Return a query of FTS5 for what somebody typed.

    All words have to be there; one of two letters or more may go on, and quotes make a phrase.
    """
    phrases = re.findall(r'"([^"]+)"|(\S+)', text.replace("\0", " "))
    words = [phrase or word.replace('"', "") for phrase, word in phrases]
    # Of signs alone there is nothing to find.
    return " ".join(f'"{word}"' + "*" * (len(word) > 1) for word in words if re.search(r"\w", word))
