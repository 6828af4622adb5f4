"""The question for error events: which, and how many."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


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
    def is_open(self) -> bool:
        """Whether every error event matches."""
        return not any((self.text.strip(), self.service, self.level, self.mechanism, self.group)) and (
            self.since is None and self.until is None
        )


def make_condition(filters: Filters) -> tuple[str, dict[str, Any]]:
    """Return the condition of a query on the table ``errors``, and its parameters."""
    parts = ["1"]
    parameters: dict[str, Any] = {"limit": max(0, filters.limit), "offset": max(0, filters.offset)}
    columns = {
        "service = :service": filters.service,
        "level = :level": filters.level,
        "mechanism = :mechanism": filters.mechanism,
        "time >= :since": filters.since,
        "time <= :until": filters.until,
        "group_number = (SELECT number FROM groups WHERE name = :group)": filters.group,
        "errors.number IN (SELECT rowid FROM texts WHERE texts MATCH :text)": make_match(filters.text),
    }
    for part, value in columns.items():
        if value not in {"", None}:
            parts.append(part)
            parameters[re.findall(r":(\w+)", part)[0]] = value
    return " AND ".join(parts), parameters


def make_match(text: str) -> str:
    """Return a query of FTS5 for what somebody typed: all words, of which each may go on; quotes make a phrase."""
    phrases = re.findall(r'"([^"]+)"|(\S+)', text.replace("\0", " "))
    words = [phrase or word.replace('"', "") for phrase, word in phrases]
    # Of signs alone there is nothing to find.
    return " ".join(f'"{word}"*' for word in words if re.search(r"\w", word))
