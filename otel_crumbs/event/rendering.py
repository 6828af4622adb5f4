"""
Breadcrumbs made of a snapshot's entries, in the worker that builds the event.

Each entry is rendered by its own kind. Then breadcrumbs of the same thing
become one, repeats in a row become one with a count, and what has no room in
the trail goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.memo import map_shared
from otel_crumbs.base.plain import CUT
from otel_crumbs.trails import KIND, NOTABLE_LEVELS, Breadcrumb, Entry, EntryKind, Snapshot
from otel_crumbs.trails.ring import Ring

_LONGEST_BRANCH = 40

# Returns the breadcrumbs, oldest first, without those that repeat another source's, or None where that failed.
Deduplicate = Callable[[Sequence[Breadcrumb]], Sequence[Breadcrumb] | None]


def keep_duplicates(breadcrumbs: Sequence[Breadcrumb]) -> Sequence[Breadcrumb]:
    """Return breadcrumbs as they are, where no source leaves the same thing twice."""
    return breadcrumbs


def render_snapshot(
    snapshot: Snapshot, deduplicate: Deduplicate = keep_duplicates
) -> tuple[tuple[Breadcrumb, ...], Counter[str]]:
    """Return the breadcrumbs, oldest first, and how many had no room, by category."""
    made = map_shared(_render_entries, snapshot.entries)
    rendered = sorted(chain.from_iterable(breadcrumbs or () for breadcrumbs in made), key=_timestamp_of)
    distinct = deduplicate(rendered) or rendered
    kept, dropped = _drop_surplus(tuple(_merge_repeats(distinct)), snapshot.size)
    return tuple(_shorten_branches(kept)), snapshot.dropped + dropped


def _shorten_branches(breadcrumbs: Iterable[Breadcrumb]) -> Iterator[Breadcrumb]:
    """Shorten the names of branches that are named after a function and all that it is in."""
    short: dict[str, str] = {}
    for breadcrumb in breadcrumbs:
        name = breadcrumb.branch
        if name is None or len(name) <= _LONGEST_BRANCH:
            yield breadcrumb
            continue
        if name not in short:
            shortened = shorten_name(name)
            taken = sum(other.partition(" #")[0] == shortened for other in short.values())
            short[name] = f"{shortened} #{taken + 1}" if taken else shortened
        yield replace(breadcrumb, branch=short[name])


def shorten_name(name: str) -> str:
    """Return the last two words of a dotted name, without ``<locals>``; the end of any other one."""
    words = name.replace(".<locals>", "").split(".")
    shortened = ".".join(words[-2:])
    return shortened if len(shortened) <= _LONGEST_BRANCH else f"{CUT}{shortened[1 - _LONGEST_BRANCH :]}"


def _render_entries(entries: Sequence[Entry]) -> list[tuple[Breadcrumb, ...] | None]:
    return [_render_entry(entry) for entry in entries]


@guarded("a breadcrumb was rendered")
def _render_entry(entry: Entry) -> tuple[Breadcrumb, ...]:
    # An entry that cannot be rendered costs itself, not the event.
    return tuple(entry[KIND].render(entry))


def _timestamp_of(breadcrumb: Breadcrumb) -> int:
    return breadcrumb.timestamp


def _merge_repeats(breadcrumbs: Iterable[Breadcrumb]) -> Iterator[Breadcrumb]:
    first: Breadcrumb | None = None
    repeated = 0
    for breadcrumb in breadcrumbs:
        if first is not None and _is_repeat(first, breadcrumb):
            repeated += breadcrumb.repeated
            continue
        if first is not None:
            yield _set_repeated(first, repeated)
        first, repeated = breadcrumb, breadcrumb.repeated
    if first is not None:
        yield _set_repeated(first, repeated)


def _set_repeated(breadcrumb: Breadcrumb, repeated: int) -> Breadcrumb:
    return breadcrumb if breadcrumb.repeated == repeated else replace(breadcrumb, repeated=repeated)


def _is_repeat(one: Breadcrumb, other: Breadcrumb) -> bool:
    return (
        one.category == other.category
        and one.level == other.level
        and one.type == other.type
        and one.branch == other.branch
        and one.in_flight == other.in_flight
        and _remove_took(one) == _remove_took(other)
        and _remove_circumstances(one) == _remove_circumstances(other)
    )


# How long it took and where it was logged: https://opentelemetry.io/docs/specs/semconv/registry/attributes/code/
# Before 2025 the attributes of code had other names.
_CIRCUMSTANCES = frozenset(
    {
        "duration_ms",
        *("code.file.path", "code.line.number", "code.column.number", "code.function.name", "code.stacktrace"),
        *("code.filepath", "code.lineno", "code.column", "code.function", "code.namespace"),
    }
)


# How long it took, as the rules of spans write it, and the places of objects in memory.
_TOOK = re.compile(r" (?:in|after) \d+(?:\.\d)? m?s\b")
_PLACE = re.compile(r"\bat 0x[0-9a-f]+\b")


def _remove_took(breadcrumb: Breadcrumb) -> str:
    return breadcrumb.message if breadcrumb.duration_ms is None else _TOOK.sub("", breadcrumb.message)


def _remove_circumstances(breadcrumb: Breadcrumb) -> dict[str, Any]:
    return {
        key: _PLACE.sub("", value) if type(value) is str and "0x" in value else value
        for key, value in breadcrumb.data.items()
        if key not in _CIRCUMSTANCES
    }


def _drop_surplus(breadcrumbs: tuple[Breadcrumb, ...], size: int) -> tuple[tuple[Breadcrumb, ...], Counter[str]]:
    """Keep what a ring of that size keeps: one entry may have made many breadcrumbs."""
    if len(breadcrumbs) <= size:
        return breadcrumbs, Counter()
    ring = Ring(size)
    for breadcrumb in breadcrumbs:
        notable = breadcrumb.level in NOTABLE_LEVELS
        ring.append((breadcrumb.timestamp, notable, breadcrumb.branch, _RENDERED, breadcrumb.category, breadcrumb))
    return tuple(chain.from_iterable(map(_unwrap, ring))), Counter(ring.dropped)


def _unwrap(entry: Entry) -> tuple[Breadcrumb]:
    return (entry[-1],)


_RENDERED = EntryKind(render=_unwrap)
