"""What a forked child begins anew: locks that nobody will release there, and what is its parent's to do."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class StartsAnew(Protocol):
    """Something that is of no use in a forked child as it is."""

    def start_anew(self) -> None:
        """Become as new."""


def anew_in_children(thing: StartsAnew) -> None:
    """Let a thing start anew in every child that is forked while it is there."""
    _things.add(thing)


def _after_fork() -> None:
    for thing in tuple(_things):
        thing.start_anew()


_things: weakref.WeakSet[StartsAnew] = weakref.WeakSet()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
