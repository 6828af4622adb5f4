"""
``os._exit``: the process ends without ``finally``, atexit functions or flushed buffers.

Children made by fork end with it, also those of multiprocessing and of
Celery's prefork pool. It skips the atexit functions, which belong to the
parent; the errors that the child itself captured are the child's to deliver.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn

from otel_crumbs.base.patching import Patch, Undo, replace


def install(end: Callable[[int], object]) -> Undo:
    """Call *end* with the status before ``os._exit``; return the function that undoes it."""

    def make(original: Callable[[int], NoReturn], patch: Patch) -> Callable[[int], NoReturn]:
        def _exit(status: int) -> NoReturn:
            if patch.active:
                end(status)
            original(status)

        return _exit

    return replace(os, "_exit", make)
