"""
A memo of what was made of breadcrumbs, so that errors which share a trail share the work.

Errors that follow each other have most of their trails in common. Results are
kept as long as somebody holds the memo, which is as long as errors wait for
their events to be built; then they are gone.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from .fork import register_at_fork
from .interpreter_lock import iterate_releasing

T = TypeVar("T")
R = TypeVar("R")

# Returns a result for each of some things.
MakeAll: TypeAlias = Callable[[Sequence[T]], list[R]]

# Of each kind of work: enough for ten full trails side by side.
MAX_KEPT = 1000


class Memo:
    """The results of functions by the identity of their argument, which is kept alive for that."""

    __slots__ = ("__weakref__", "_made")

    def __init__(self) -> None:
        self._made: dict[MakeAll[Any, Any], dict[int, tuple[Any, Any]]] = {}

    def map(self, make_all: MakeAll[T, R], things: Sequence[T]) -> list[R]:
        """Return the result of *make_all* for each thing, made now where it is not known."""
        made = self._made.setdefault(make_all, {})
        found = [made.get(id(thing)) for thing in things]
        new = [thing for thing, known in zip(things, found, strict=True) if known is None]
        results: list[R] = []
        for some in iterate_releasing(new):
            fresh = make_all(some)
            results += fresh
            if len(made) + len(some) > MAX_KEPT:
                made.clear()
            made.update({id(thing): (thing, result) for thing, result in zip(some, fresh, strict=True)})
        made_now = iter(results)
        return [next(made_now) if known is None else known[1] for known in found]


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


def map_shared(make_all: MakeAll[T, R], things: Sequence[T]) -> list[R]:
    """
    Return the result of *make_all* for things that never change; results are shared, and must not be changed either.

    Args:
        make_all: Returns a list of results for a few things, each of which
            depends on nothing but the thing. It is remembered: a function of a
            module or a method, no lambda.
        things: Known by their identity.

    """
    return (_holder.current() or Memo()).map(make_all, things)


def forget_memo() -> None:
    """Forget the memo, though somebody may hold it."""
    _holder.reset_after_fork()
