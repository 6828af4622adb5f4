"""A connection that a forked child must not share with its parent."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """
    Makes one thing on first use, and another one after a fork.

    Two processes that write to one socket mix up each other's requests. The
    parent's is left alone in the child: closing it there would end it here.

    Args:
        make: Makes the thing.

    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: tuple[int, T] | None = None

    def get(self) -> T:
        """Return this process's own."""
        if self._made is None or self._made[0] != os.getpid():
            self._made = (os.getpid(), self._make())
        return self._made[1]

    def get_if_made(self) -> T | None:
        """Return this process's own if it was ever asked for."""
        return self._made[1] if self._made is not None and self._made[0] == os.getpid() else None
