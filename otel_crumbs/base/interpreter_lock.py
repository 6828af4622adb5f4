"""
The interpreter's lock, which the threads of this package release often while they work.

A thread of the application that wakes up waits for the lock up to the switch
interval, which is 5 ms, each time that a worker runs Python code. A worker that
builds an event for some milliseconds releases the lock after each few breadcrumbs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from .threads import ThreadFlag, allocate_native_lock, is_own_thread

T = TypeVar("T")

# About a tenth of a millisecond of work.
_WORKED_ON_AT_ONCE = 8
# The shortest wait that lets another thread run, in seconds; timers of the system are no finer.
_PAUSE = 0.000_05

_in_haste = ThreadFlag()


def iterate_releasing(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """Iterate over things to work on, a few at a time; in a thread of this package, release the lock after each few."""
    parts = (things[start : start + _WORKED_ON_AT_ONCE] for start in range(0, len(things), _WORKED_ON_AT_ONCE))
    return _pause_between(parts) if is_own_thread() and not _in_haste.is_set else parts


def make_haste(urgent: bool) -> AbstractContextManager[None]:  # noqa: FBT001 - the only argument
    """Release the lock no more often than Python does if the work is *urgent*: somebody waits for it."""
    return _in_haste.set() if urgent else nullcontext()


def _pause_between(parts: Iterator[Sequence[T]]) -> Iterator[Sequence[T]]:
    # Waiting for a lock of the system's is no business of greenlets, as sleeping would be.
    closed = allocate_native_lock()
    closed.acquire()
    for part in parts:
        yield part
        if len(part) == _WORKED_ON_AT_ONCE:
            closed.acquire(timeout=_PAUSE)
