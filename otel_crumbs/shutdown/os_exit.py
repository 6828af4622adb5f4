"""
``os._exit``: no ``finally``, no atexit, no flushed buffers.

Children made by fork end with it, also those of multiprocessing and of
Celery's prefork pool. Whoever calls it skips the hooks of its parent; what the
child itself captured belongs to the child.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn


def install(end: Callable[[], object]) -> Callable[[], None]:
    """Call *end* before ``os._exit``; returns what undoes it."""
    previous = os._exit
    active = True

    def _exit(status: int) -> NoReturn:
        if active:
            end()
        previous(status)

    def undo() -> None:
        nonlocal active
        active = False
        if os._exit is _exit:
            os._exit = previous

    os._exit = _exit
    return undo
