"""What a place of execution sees of the past: entries collected now, rendered when there is time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.memo import Memo, hold_memo, map_shared

from .breadcrumb import NOTABLE_LEVELS, Breadcrumb
from .current_branch import current
from .ring import RENDER, TIMESTAMP, Entry, Ring, category_of

if TYPE_CHECKING:
    from .branch import Branch


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """
    The entries that a branch saw at one moment.

    Args:
        entries: Oldest first.
        dropped: How many had no room any more, by category.
        size: How many breadcrumbs to show at most.
        shared: Keeps what is made of the entries for other snapshots of them.

    """

    entries: tuple[Entry, ...]
    dropped: Counter[str]
    size: int
    shared: Memo = field(default_factory=hold_memo, repr=False, compare=False)

    def render(self) -> tuple[tuple[Breadcrumb, ...], Counter[str]]:
        """Return the breadcrumbs, oldest first, and how many had no room, by category."""
        made = map_shared(_rendered, self.entries)
        rendered = sorted(chain.from_iterable(breadcrumbs or () for breadcrumbs in made), key=_timestamp)
        if current.deduplicate is not None:
            rendered = list(current.deduplicate(rendered) or rendered)
        kept, dropped = _keep_what_matters(_merge_repeats(rendered), self.size)
        return kept, self.dropped + dropped


def take_snapshot(branch: Branch) -> Snapshot:
    """Collect what a branch sees now; cheap, for the caller is the application."""
    rings = tuple(branch.rings())
    entries = [*chain.from_iterable(rings), *current.open_entries(branch)]
    entries.sort(key=itemgetter(TIMESTAMP))
    dropped = sum((Counter(ring.dropped) for ring in rings), Counter[str]())
    return Snapshot(entries=tuple(entries), dropped=dropped, size=branch.own.size)


@guarded("a breadcrumb was rendered")
def _rendered(entry: Entry) -> tuple[Breadcrumb, ...]:
    # One that cannot be rendered costs itself, not the event.
    return tuple(entry[RENDER](entry))


def _timestamp(breadcrumb: Breadcrumb) -> int:
    return breadcrumb.timestamp


def _merge_repeats(breadcrumbs: Iterable[Breadcrumb]) -> Iterator[Breadcrumb]:
    pending: Breadcrumb | None = None
    for breadcrumb in breadcrumbs:
        if pending is not None and _same(pending, breadcrumb):
            pending = replace(pending, repeated=pending.repeated + breadcrumb.repeated)
            continue
        if pending is not None:
            yield pending
        pending = breadcrumb
    if pending is not None:
        yield pending


def _same(one: Breadcrumb, other: Breadcrumb) -> bool:
    return (
        one.message == other.message
        and one.category == other.category
        and one.level == other.level
        and one.type == other.type
        and one.branch == other.branch
        and one.in_flight == other.in_flight
        and _without_duration(one) == _without_duration(other)
    )


def _without_duration(breadcrumb: Breadcrumb) -> dict[str, Any]:
    return {key: value for key, value in breadcrumb.data.items() if key != "duration_ms"}


def _keep_what_matters(breadcrumbs: Iterable[Breadcrumb], size: int) -> tuple[tuple[Breadcrumb, ...], Counter[str]]:
    ring = Ring(size)
    for breadcrumb in breadcrumbs:
        ring.append((breadcrumb.timestamp, breadcrumb.level in NOTABLE_LEVELS, breadcrumb.branch, _itself, breadcrumb))
    return tuple(breadcrumb for entry in ring for breadcrumb in _itself(entry)), Counter(ring.dropped)


def _itself(entry: Entry) -> tuple[Breadcrumb]:
    return (entry[-1],)


category_of[_itself] = lambda entry: str(entry[-1].category)
