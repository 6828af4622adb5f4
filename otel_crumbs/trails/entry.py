"""
An entry: the references that a source leaves in a trail while the application runs.

Nothing is formatted until an error needs it. An entry is a plain tuple,
because making one is the whole cost of a breadcrumb: an instance of a class
takes two to twelve times as long to make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .branch import Branch
    from .breadcrumb import Breadcrumb

# (timestamp, notable, branch name, kind, category, *references of the source)
Entry = tuple[Any, ...]

TIMESTAMP, NOTABLE, BRANCH, KIND, CATEGORY = range(5)

# Spans are left in a trail as they are, when they start, and become entries when newer ones come or an error asks. By
# their class, the function that makes the entry, or returns None where there is none; the source's module puts it here.
entry_makers: dict[type, Callable[[Any], Entry | None]] = {}

_ENTRIES = (tuple, list)
_ENTRY_TYPES = frozenset(_ENTRIES)


def settle_entries(chunk: list[Any]) -> None:
    """Have a chunk consist of entries alone."""
    if _ENTRY_TYPES.issuperset(map(type, chunk)):
        return
    entries: list[Entry] = []
    previous: Any = None
    for item in chunk:
        # Two processors of one provider leave a span twice.
        if item is not previous and (entry := _settle(item)) is not None:
            entries.append(entry)
        previous = item
    chunk[:] = entries


def select_entries(chunk: list[Any]) -> list[Entry]:
    """Return the entries of a chunk that another thread may be about to settle."""
    return chunk if _ENTRY_TYPES.issuperset(map(type, chunk)) else [*filter(is_entry, chunk)]


def _settle(item: Any) -> Entry | None:
    make = entry_makers.get(type(item))
    if make is not None:
        return make(item)
    if is_entry(item):
        return item  # type: ignore[no-any-return]  # a tuple, or a list that stands for one
    return next(entry_makers[kind] for kind in type(item).__mro__ if kind in entry_makers)(item)


def is_entry(item: Any) -> bool:
    """Return whether one of the newest of a trail is an entry, and not a span."""
    return isinstance(item, _ENTRIES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EntryKind:
    """
    The knowledge that a source has of the entries it leaves.

    Args:
        render: Makes the breadcrumbs of an entry, when an error needs them.
        name_category: Names the category of an entry that had no room, where the
            entry has another object in its place, which has a hash. It need
            not be exact, and is asked once for some entries with an equal one.
        capture_open: Makes an entry of something that has not ended, as it is
            now; returns None where there is nothing to show of it.

    """

    render: Callable[[Entry], Iterable[Breadcrumb]]
    name_category: Callable[[Entry], str] | None = None
    capture_open: Callable[[Branch, Any], Entry | None] | None = None
