"""
The hook on a normal exit: the end of the program, ``sys.exit``, an uncaught exception.

`atexit` keeps a list of functions, so nothing is replaced and nobody can hook in later.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable

from otel_crumbs.base.patching import Undo


def install(end: Callable[[], object]) -> Undo:
    """Call *end* when the interpreter exits; return the function that undoes this."""
    atexit.register(end)
    return lambda: atexit.unregister(end)
