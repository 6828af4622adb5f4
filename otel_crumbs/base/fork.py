"""
The reset of objects that a forked child cannot share with its parent.

The child has copies of locks that no thread of its own will release, of queues
whose contents its parent delivers, and of connections that its parent goes on
using.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class ForkAware(Protocol):
    """An object that a forked child cannot use as it is."""

    def reset_after_fork(self) -> None:
        """Return to the state of a new object."""


def register_at_fork(thing: ForkAware) -> None:
    """Reset an object in every child that is forked as long as the object lives."""
    _things.add(thing)


class ForkHook(ForkAware, Protocol):
    """An object that is notified of a fork in the parent, too."""

    def begin_fork(self) -> None:
        """Prepare for a fork, in the thread that forks."""

    def finish_fork(self) -> None:
        """Go on in the parent, in the thread that forked, or tried to."""


def watch_forks(hook: ForkHook) -> None:
    """Prepare an object for every fork, and reset it in every child, as long as the object lives."""
    _hooks.add(hook)


class PerProcess(Generic[T]):
    """
    A connection, or another object that is made on first use, and made again after a fork.

    Two processes that write to one socket mix up each other's requests. A child
    only forgets its parent's connection: closing it would tell the receiver
    that the parent is gone.

    Args:
        make: Makes the object.

    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: tuple[int, T] | None = None

    def get(self) -> T:
        """Return the object of this process, made if there is none."""
        if self._made is None or self._made[0] != os.getpid():
            self._made = (os.getpid(), self._make())
        return self._made[1]

    def get_if_made(self) -> T | None:
        """Return the object of this process, None if there is none."""
        return self._made[1] if self._made is not None and self._made[0] == os.getpid() else None


def detect_fork() -> bool:
    """
    Reset every object if this process was forked without Python's hooks, and return whether it was.

    A server in C may do so: uWSGI forks its workers without them unless it is
    told ``--py-call-osafterfork``. It is asked where errors are captured and
    delivered, and costs the system's answer to the question which process it is.
    """
    if _process == [os.getpid()]:
        return False
    reset_all_after_fork()
    return True


def _begin_all() -> None:
    for hook in tuple(_hooks):
        hook.begin_fork()


def _finish_all() -> None:
    for hook in tuple(_hooks):
        hook.finish_fork()


def reset_all_after_fork() -> None:
    """Reset every object, as Python has it done in a forked child."""
    # First of all, or another thread would reset them too.
    _process[:] = [os.getpid()]
    # They may have blocked signals, so that the child could not be ended while another object is reset.
    for hook in tuple(_hooks):
        hook.reset_after_fork()
    for thing in tuple(_things):
        thing.reset_after_fork()


_things: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_hooks: weakref.WeakSet[ForkHook] = weakref.WeakSet()

# The process in which the objects are as they must be.
_process = [os.getpid()]

# Python has no way to take these back: they do nothing where no object is registered.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_begin_all, after_in_parent=_finish_all, after_in_child=reset_all_after_fork)
