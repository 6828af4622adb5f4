"""
``os.execv`` and its relatives: another program takes the place of this one, without `atexit` functions.

The functions of the family call ``os.execv`` or ``os.execve`` in the end, by
their names in `os`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NoReturn

from otel_crumbs.base.guard import remove_own_frame
from otel_crumbs.base.patching import Make, Patch, Undo, combine, replace


def install(end: Callable[[], object], resume: Callable[[], object]) -> Undo:
    """
    Call *end* before the program is replaced, and *resume* if it was not; return the function that undoes it.

    Args:
        end: Saves and delivers events.
        resume: Goes on delivering.

    """

    def make(original: Callable[..., NoReturn], patch: Patch) -> Callable[..., NoReturn]:
        def execute(*args: object, **options: object) -> NoReturn:
            if patch.active:
                end()
            try:
                original(*args, **options)
            except BaseException as error:
                if patch.active:
                    resume()
                remove_own_frame(error)
                raise

        return execute

    return combine(_replace_function("execv", make), _replace_function("execve", make))


def _replace_function(name: str, make: Make) -> Undo:
    original = getattr(os, name)
    undo = replace(os, name, make)
    # os.execve takes a file descriptor on some systems, and the set says so.
    if original not in os.supports_fd:
        return undo
    stand_in = getattr(os, name)
    os.supports_fd.add(stand_in)
    return combine(lambda: os.supports_fd.discard(stand_in), undo)
