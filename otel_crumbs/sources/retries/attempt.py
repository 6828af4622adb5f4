"""
The breadcrumb of an attempt: a call that failed, and that its client tried again.

An instrumentation makes one span of a call with all of its attempts, and the
span says what came of the last one. The others are told here, each when the
next one is about to follow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from otel_crumbs.base.plain import MAX_MESSAGE, to_plain, to_text
from otel_crumbs.sources.rules.facts import SpanFacts
from otel_crumbs.sources.rules.table import describe
from otel_crumbs.sources.spans.entry import format_duration
from otel_crumbs.trails import Breadcrumb, Entry, EntryKind, current

_MS = 1e6


class AttemptEntry(NamedTuple):
    """The references to an attempt; the first five are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    category: str
    library: str
    name: str
    attributes: Mapping[str, Any]
    number: int
    error: str | None
    ended: int


def record_attempt(
    *,
    category: str,
    library: str,
    name: str,
    attributes: Mapping[str, Any],
    number: int,
    started: int,
    ended: int | None = None,
    error: BaseException | None = None,
) -> None:
    """
    Leave a breadcrumb of an attempt.

    Args:
        category: That of its library's spans.
        library: The name of the library.
        name: The name that a span of the attempt would have.
        attributes: The attributes that a span of the attempt would have, by the semantic conventions.
        number: The first attempt is 1.
        started: Nanoseconds since the epoch.
        ended: Nanoseconds since the epoch; now if None.
        error: The exception that it failed with, if it did with one.

    """
    branch = current.find_branch()
    branch.append(
        AttemptEntry(
            timestamp=started,
            notable=True,
            branch=branch.name,
            kind=ATTEMPT,
            category=category,
            library=library,
            name=name,
            attributes=attributes,
            number=number,
            error=None if error is None else str(to_plain(error)),
            ended=time.time_ns() if ended is None else ended,
        )
    )


def render_attempt(entry: Entry) -> Iterator[Breadcrumb]:
    """Render an attempt as the span of its call is rendered, with its number."""
    kept = AttemptEntry._make(entry)
    took_ms = round((kept.ended - kept.timestamp) / _MS, 3)
    facts = SpanFacts(
        name=kept.name,
        scope=kept.library,
        attributes=kept.attributes,
        failed=kept.error is not None,
        error=kept.error.partition(":")[0] if kept.error else None,
        took=format_duration(took_ms),
        said=kept.error,
    )
    description = describe(facts)
    if description is None:
        return
    known = {**description.data, "attempt": kept.number, "error": kept.error}
    data = {key: to_plain(value) for key, value in known.items() if value is not None}
    yield Breadcrumb(
        timestamp=kept.timestamp,
        type=description.type,
        category=description.category,
        level=description.level,
        message=to_text(f"{description.message} (attempt {kept.number})", MAX_MESSAGE),
        data={**data, "duration_ms": took_ms},
        duration_ms=took_ms,
        branch=kept.branch,
    )


ATTEMPT = EntryKind(render=render_attempt)
