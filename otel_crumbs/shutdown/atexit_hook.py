"""The hook on a normal exit: the end of the program, ``sys.exit``, an uncaught exception."""

from __future__ import annotations

import atexit
from collections.abc import Callable


def install(end: Callable[[], object]) -> Callable[[], None]:
    """Call *end* when the interpreter exits; return the function that undoes it."""
    atexit.register(end)
    return lambda: atexit.unregister(end)
