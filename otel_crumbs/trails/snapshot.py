"""A snapshot: the entries that a branch sees at one moment, collected while the application waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

from otel_crumbs.base.memo import Memo, hold_memo

from .entry import TIMESTAMP, Entry

if TYPE_CHECKING:
    from .branch import Branch


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """
    The entries that a branch saw at one moment; `otel_crumbs.event.rendering` makes breadcrumbs of them.

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


def take_snapshot(branch: Branch) -> Snapshot:
    """Collect what a branch sees now, without rendering any of it."""
    rings = tuple(branch.iterate_rings())
    entries = [*chain.from_iterable(rings), *branch.capture_open_spans()]
    entries.sort(key=itemgetter(TIMESTAMP))
    dropped = sum((Counter(ring.dropped) for ring in rings), Counter[str]())
    return Snapshot(entries=tuple(entries), dropped=dropped, size=branch.size)
