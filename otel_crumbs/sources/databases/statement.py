"""The entry of a database statement of which no instrumentation made a span."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.instrumentations import is_instrumentation_enabled
from otel_crumbs.base.plain import MAX_MESSAGE, to_plain, to_text
from otel_crumbs.sources.rules.databases import describe_query, sets_up_connection
from otel_crumbs.sources.rules.facts import SpanFacts
from otel_crumbs.sources.spans.entry import SPAN, SpanEntry, read_attributes
from otel_crumbs.trails import KIND, TIMESTAMP, Branch, Breadcrumb, Entry, EntryKind, current, is_entry

_MS = 1e6


class StatementEntry(NamedTuple):
    """The references to a statement; the first five are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    category: str
    statement: str
    system: str
    namespace: str | None
    server: str | None
    port: str | None
    library: str
    error: str | None
    batch: int | None
    parameters: str | None
    ended: int


def record_statement(
    statement: object,
    *,
    started: int,
    system: str,
    library: str,
    namespace: object = None,
    server: str | None = None,
    port: str | None = None,
    error: BaseException | None = None,
    batch: int | None = None,
    parameters: str | None = None,
) -> None:
    """Leave a breadcrumb of a statement that has just run, unless it has a span."""
    branch = find_branch_without_span(started)
    if branch is None:
        return
    words = to_text(str(statement), MAX_MESSAGE)
    if not is_instrumentation_enabled() or (error is None and sets_up_connection(words)):
        return
    branch.append(
        StatementEntry(
            timestamp=started,
            notable=error is not None,
            branch=branch.name,
            kind=STATEMENT,
            category="query",
            statement=words,
            system=system,
            namespace=str(namespace) if namespace else None,
            server=server,
            port=port,
            library=library,
            error=None if error is None else str(to_plain(error)),
            batch=batch,
            parameters=parameters,
            ended=time.time_ns(),
        )
    )


def count_parameter_sets(batch: object) -> int | None:
    """Return how many sets of parameters a statement ran with, None where it cannot be told."""
    return len(batch) if isinstance(batch, list | tuple) else None


def render_statement(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a statement in the words of the rules for spans of databases."""
    kept = StatementEntry._make(entry)
    took_ms = round((kept.ended - kept.timestamp) / _MS, 3)
    description = describe_query(
        SpanFacts(
            name=kept.statement,
            scope=kept.library,
            attributes={
                "db.query.text": kept.statement,
                "db.system": kept.system,
                "db.namespace": kept.namespace,
                "server.address": kept.server,
                "server.port": kept.port,
                "db.statement.parameters": kept.parameters,
            },
            failed=kept.error is not None,
            error=kept.error.partition(":")[0] if kept.error else None,
            took=None,
            said=kept.error,
        )
    )
    known = {**description.data, "db.operation.batch.size": kept.batch}
    yield Breadcrumb(
        timestamp=kept.timestamp,
        type=description.type,
        category=description.category,
        level=description.level,
        message=to_text(description.message, MAX_MESSAGE),
        data={**{key: to_plain(value) for key, value in known.items() if value is not None}, "duration_ms": took_ms},
        duration_ms=took_ms,
        branch=kept.branch,
    )


STATEMENT = EntryKind(render=render_statement)


@guarded("a statement was removed")
def remove_last_span(is_noise: Callable[[object], bool]) -> None:
    """Remove the last entry from the trail if it is the span of a statement that is only noise."""
    branch = current.find_branch()
    entry = next(reversed(branch.copy_last()), None)
    attributes = None if entry is None else _look_at(entry)[1]
    if entry is None or attributes is None or not _is_of_database(attributes):
        return
    if not is_noise(attributes.get("db.statement", attributes.get("db.query.text"))):
        return
    _, *ancestors = branch.iterate_lineage()
    for ring in (branch, *[ancestor.below for ancestor in ancestors]):
        if ring is not None:
            ring.remove_last(entry)


def find_branch_without_span(started: int) -> Branch | None:
    """Return the branch of a statement that has just run; None where it has a span, which ended there since then."""
    branch = current.find_branch()
    # It is the last of the newest, as a rule, and none of these becomes an entry for this look.
    newest = [*branch.newest]
    if _has_span(reversed(newest), started):
        return None
    if newest and _look_at(newest[0])[0] < started:
        return branch
    return None if _has_span(branch.copy_last(), started) else branch


def _has_span(items: Iterable[Any], started: int) -> bool:
    for item in items:
        began, attributes = _look_at(item)
        if began >= started and attributes is not None and _is_of_database(attributes):
            return True
    return False


def _look_at(item: Any) -> tuple[int, Mapping[str, Any] | None]:
    """Return when one of the newest entries began, and the attributes of a span that has ended."""
    if is_entry(item):
        return item[TIMESTAMP], SpanEntry._make(item).attributes if item[KIND] is SPAN else None
    return item.start_time, None if item.end_time is None else read_attributes(item)


def _is_of_database(attributes: Mapping[str, Any]) -> bool:
    return "db.system" in attributes or "db.system.name" in attributes
