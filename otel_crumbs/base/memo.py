"""
A memo of what was made of breadcrumbs, so that errors which share a trail share the work.

Errors that follow each other have most of their trails in common. Results are
kept as long as somebody holds the memo, which is as long as errors wait for
their events to be built; then they are gone.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .fork import register_at_fork
from .interpreter_lock import iterate_releasing

T = TypeVar("T")
R = TypeVar("R")

# Of each kind of work: enough for ten full trails side by side.
MAX_KEPT = 1000


class Memo:
    """The results of functions by the identity of their argument, which is kept alive for that."""

    __slots__ = ("__weakref__", "_made")

    def __init__(self) -> None:
        self._made: dict[Callable[[Any], Any], dict[int, tuple[Any, Any]]] = {}

    def map(self, make: Callable[[T], R], things: Iterable[T]) -> list[R]:
        """Return the result of *make* for each thing, made now where it is not known."""
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
    """The memo of this moment, if anybody holds one."""

    def __init__(self) -> None:
        self.reset_after_fork()
        register_at_fork(self)

    def reset_after_fork(self) -> None:
        """Forget the memo, as a forked child must: the errors that wait are its parent's."""
        self.current: Callable[[], Memo | None] = lambda: None


_holder = _MemoHolder()


def hold_memo() -> Memo:
    """Return the memo, which keeps results as long as the caller holds it."""
    shared = _holder.current()
    if shared is None:
        shared = Memo()
        _holder.current = weakref.ref(shared)
    return shared


def map_shared(make: Callable[[T], R], things: Iterable[T]) -> list[R]:
    """
    Return the result of *make* for things that never change; results are shared, and must not be changed either.

    Args:
        make: Depends on nothing but the thing. It is remembered: a function of
            a module or a method, no lambda.
        things: Known by their identity.

    """
    shared = _holder.current()
    things = iterate_releasing(things)
    return [make(thing) for thing in things] if shared is None else shared.map(make, things)


def forget_memo() -> None:
    """Forget the memo, though somebody may hold it."""
    _holder.reset_after_fork()
