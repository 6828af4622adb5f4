"""
The interpreter's lock, which a worker releases often while it works.

A thread of the application that wakes up waits for the lock up to the switch
interval, which is 5 ms, each time that a worker runs Python code. A worker that
builds an event for some milliseconds releases the lock after each few breadcrumbs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

# About a tenth of a millisecond of work.
_WORKED_ON_AT_ONCE = 8

_workers: set[int] = set()


@contextmanager
def release_often() -> Iterator[None]:
    """Have this thread release the lock often as long as the block runs."""
    thread = threading.get_ident()
    _workers.add(thread)
    try:
        yield
    finally:
        _workers.discard(thread)


def iterate_releasing(things: Iterable[T]) -> Iterable[T]:
    """Iterate over things to work on; release the lock after each few of them in a thread that releases it often."""
    return _pause_between(things) if threading.get_ident() in _workers else things


def _pause_between(things: Iterable[T]) -> Iterator[T]:
    for number, thing in enumerate(things, 1):
        if number % _WORKED_ON_AT_ONCE == 0:
            # The shortest sleep there is; it is over at once where nobody waits for the lock.
            time.sleep(0)
        yield thing
