"""
Fail when the interpreter goes down.

Called as ``last_moments.py MOMENT WHAT EARLIER``: the failure comes with the end of a global, of a cycle, or of what a
module of the interpreter's keeps, or in an atexit function that was registered first and so runs last. Nothing of this
module is left by then, so what runs there keeps what it needs.
"""

from __future__ import annotations

import atexit
import builtins
import logging
import sys
from collections.abc import Callable
from typing import Any

import otel_crumbs

logger = logging.getLogger("shop")
logger.addHandler(logging.NullHandler())
logger.propagate = False


def make_failure(what: str) -> Callable[[], None]:
    """Return a function that fails in a certain way."""
    kind, exception, capture = ValueError, logger.exception, otel_crumbs.capture_exception

    def fail() -> None:
        if what == "raises":
            raise kind("in the last moment")
        try:
            raise kind("in the last moment")  # noqa: TRY301 - nothing of the module is left to call
        except kind as error:
            if what == "logs":
                exception("it failed")
            else:
                capture(error)

    return fail


class Last:
    """An object that is finalised last."""

    def __init__(self, fail: Callable[[], None]) -> None:
        self.fail = fail
        self.itself: Any = None

    def __del__(self) -> None:
        self.fail()


moment, what, earlier = sys.argv[1:]
if moment == "atexit":
    # Registered first, this runs last. What it raises is printed alone, so an object of its own raises.
    fail = make_failure(what)
    atexit.register((lambda: Last(fail) and None) if what == "raises" else fail)
otel_crumbs.install()
if earlier == "an event":
    otel_crumbs.capture_exception(LookupError("earlier"))
    otel_crumbs.flush(0.1)
if moment != "atexit":
    last = Last(make_failure(what))
    if moment == "cycle":
        last.itself = last
    elif moment == "builtins":
        builtins.last = last  # type: ignore[attr-defined]  # nobody else would keep it so long
        del last
