"""
Work on a breadcrumb that errors share, done once.

Errors that follow each other have most of their trails in common. What is made
of an entry is kept as long as somebody *shares*, which is as long as errors
wait for their events to be made: when none does, nothing is kept either.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .fork import register_at_fork

T = TypeVar("T")
R = TypeVar("R")

# Of each kind of work: enough for ten full trails side by side.
MAX_KEPT = 1000


class Memo:
    """What was made of things; a thing is known by its identity, and kept for that."""

    __slots__ = ("__weakref__", "_made")

    def __init__(self) -> None:
        self._made: dict[Callable[[Any], Any], dict[int, tuple[Any, Any]]] = {}

    def map(self, make: Callable[[T], R], things: Iterable[T]) -> list[R]:
        """Return what *make* makes of each thing, made now where it was not before."""
        made = self._made.setdefault(make, {})
        results: list[R] = []
        for thing in things:
            found = made.get(id(thing))
            if found is None:
                if len(made) >= MAX_KEPT:
                    made.clear()
                found = made[id(thing)] = thing, make(thing)
            results.append(found[1])
        return results


class _MemoHolder:
    """What is shared at the moment, if anything."""

    def __init__(self) -> None:
        self.reset_after_fork()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Share nothing, as a forked child must: what waits is its parent's."""
        self.current: Callable[[], Memo | None] = lambda: None


_holder = _MemoHolder()


def hold_memo() -> Memo:
    """Return what keeps the work; it does so as long as somebody holds it."""
    shared = _holder.current()
    if shared is None:
        shared = Memo()
        _holder.current = weakref.ref(shared)
    return shared


def map_shared(make: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """
    Return what *make* makes of things that never change; the results are shared, and must not be changed either.

    Args:
        make: Depends on nothing but the thing. It is remembered: a function of
            a module or a method, no lambda.
        things: Known by their identity.

    """
    shared = _holder.current()
    return [make(thing) for thing in things] if shared is None else shared.map(make, things)
