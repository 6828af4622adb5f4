"""The reset of a forked child: it has locks that nobody will release there, and work that is its parent's."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class ForkAware(Protocol):
    """An object that a forked child cannot use as it is."""

    def reset_after_fork(self) -> None:
        """Return to the state of a new object."""


def register_at_fork(thing: ForkAware) -> None:
    """Reset an object in every child that is forked as long as the object lives."""
    _things.add(thing)


def _reset_all() -> None:
    for thing in tuple(_things):
        thing.reset_after_fork()


_things: weakref.WeakSet[ForkAware] = weakref.WeakSet()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_all)
