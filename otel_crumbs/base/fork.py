"""What a forked child begins anew: locks that nobody will release there, and what is its parent's to do."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class ForkAware(Protocol):
    """Something that is of no use in a forked child as it is."""

    def reset_after_fork(self) -> None:
        """Become as new."""


def register_at_fork(thing: ForkAware) -> None:
    """Let a thing start anew in every child that is forked while it is there."""
    _things.add(thing)


def _reset_all() -> None:
    for thing in tuple(_things):
        thing.reset_after_fork()


_things: weakref.WeakSet[ForkAware] = weakref.WeakSet()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)
