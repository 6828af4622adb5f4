"""A snapshot: the entries that an error sees at one moment, collected while the application waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from otel_crumbs.base.memo import Memo, hold_memo

from .entry import NOTABLE, TIMESTAMP, Entry
from .exception_mark import iterate_chain, mark_of

if TYPE_CHECKING:
    from .branch import Branch
    from .exception_mark import ExceptionMark
    from .ring import Ring

# Two entries of one open span are the same as far as these.
_SAME = 6


class View(NamedTuple):
    """
    The part of a branch's trail that an error takes.

    Args:
        branch: The branch.
        since: The moment from which on its entries count, in nanoseconds since the epoch.

    """

    branch: Branch
    since: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """
    The entries that an error saw at one moment; `otel_crumbs.event.rendering` makes breadcrumbs of them.

    Args:
        entries: Oldest first.
        dropped: How many had no room any more, by category.
        size: How many breadcrumbs to show at most.
        memo: Keeps what is made of the entries for other snapshots of them.

    """

    entries: tuple[Entry, ...]
    dropped: Counter[str]
    size: int
    memo: Memo = field(default_factory=hold_memo, repr=False, compare=False)


def take_snapshot(*views: View) -> Snapshot:
    """Collect what is to be seen now, without rendering any of it; each entry once."""
    rings: list[tuple[Ring, int]] = []
    for branch, since in views:
        rings += [(ring, since) for ring in branch.iterate_rings() if all(ring is not known for known, _ in rings)]
    entries: list[Entry] = []
    dropped = Counter[str]()
    for ring, since in rings:
        of_ring = ring.copy()
        entries += [entry for entry in of_ring if _is_since(entry, since)] if since else of_ring
        # What had no room was older than what has some: it is part of the story where that is, all of it.
        if (ring_dropped := ring.dropped) and all(entry[NOTABLE] or _is_since(entry, since) for entry in of_ring):
            dropped.update(ring_dropped)
    if len(rings) > 1:
        entries = [*dict(zip(map(id, entries), entries, strict=True)).values()]
    entries += _capture_open_spans(views)
    entries.sort(key=itemgetter(TIMESTAMP))
    return Snapshot(entries=tuple(entries), dropped=dropped, size=views[0].branch.size)


def find_views(error: BaseException, mark: ExceptionMark, places: Sequence[Branch]) -> tuple[View, ...]:
    """
    Return the parts of trails that make up the story of an exception, its own branch's first.

    That is what happened where it was raised and where it is reported, and
    where the exceptions were raised that led to it. What a thread did outside
    any operation is part of it from the beginning of the first operation on:
    before that it may have done other work. So may a thread that a longer
    operation started and that now works for this one, as a connection's does.

    Args:
        error: The exception.
        mark: Its mark.
        places: The branches in which it is reported.

    """
    own = mark.branch
    marks = [other for each in iterate_chain(error) if each is not error and (other := mark_of(each)) is not None]
    lineage = () if own is None else tuple(own.iterate_lineage())
    branches = dict.fromkeys(
        [branch for branch in (own, *[other.branch for other in marks]) if branch is not None]
        + [place for place in places if place is not own and place not in lineage]
    )
    operations = [branch.operation for branch in branches if branch.operation is not None]
    since = min((operation.began_at for operation in operations), default=0)
    began_at = _find_beginnings(own, marks)
    return tuple(View(branch, began_at.get(branch, 0) if branch.operation else since) for branch in branches)


def _find_beginnings(own: Branch | None, marks: Sequence[ExceptionMark]) -> dict[Branch, int]:
    """Return the branches of other, longer operations in which something failed for an operation, and its beginning."""
    operation = None if own is None else own.operation
    if operation is None:
        return {}
    return {
        mark.branch: operation.began_at
        for mark in marks
        if mark.branch is not None
        and (other := mark.branch.operation) is not None
        and not (other.includes(operation.number) or operation.includes(other.number))
        and other.began_at < operation.began_at < mark.made_at
    }


def _capture_open_spans(views: Sequence[View]) -> Iterator[Entry]:
    """Iterate over entries for the open spans that are to be seen, each span once."""
    seen: set[Entry] = set()
    for branch, since in views:
        for entry in branch.capture_open_spans():
            if _is_since(entry, since) and entry[:_SAME] not in seen:
                seen.add(entry[:_SAME])
                yield entry


def _is_since(entry: Entry, since: int) -> bool:
    # Applications choose the times of their breadcrumbs themselves.
    return not since or entry[TIMESTAMP] >= since
