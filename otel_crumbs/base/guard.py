"""
The one guard between this package and the application that it runs in.

Code of this package that runs inside the application's calls (a span ending, a
line being logged, a hook running) may fail; the application must never notice.
A failure is logged to the logger ``otel_crumbs``, with OpenTelemetry's own
instrumentation suppressed, and not over and over.
"""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from .async_exceptions import is_thrown_in
from .exceptions import set_traceback, traceback_of
from .instrumentations import suppress_instrumentation

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger("otel_crumbs")

# A failure in a hot path would repeat for every span: one line a minute for
# each kind is enough to be seen, and few enough not to drown the log.
QUIET_SECONDS = 60.0

# For each place the moment of its last line. Who wants to log takes it out of the list, and puts one back: there
# is no lock, since a finaliser or a signal handler may warn while this thread does.
_last_logged: dict[str, list[float]] = {}
_watchers: list[Callable[[str, BaseException], None]] = []


def guarded(doing: str) -> Callable[[Callable[P, T]], Callable[P, T | None]]:
    """
    Make a function return None where it would raise.

    What a signal handler or another thread throws in while it runs is raised
    all the same, see `async_exceptions`. *doing* completes the sentence "otel_crumbs
    failed while ...".
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T | None]:
        @functools.wraps(function)
        def call_safely(*args: P.args, **kwargs: P.kwargs) -> T | None:
            try:
                return function(*args, **kwargs)
            except RecursionError:
                # There is no room left on the stack, for a report neither: it would raise the next one.
                return None
            except BaseException as error:
                if is_thrown_in(error):
                    raise
                report_failure(doing, error)
                return None

        return call_safely

    return decorate


def remove_own_frame(error: BaseException) -> None:
    """
    Remove the frame of a stand-in from an exception's traceback.

    It is called in the stand-in's ``except``, before a bare ``raise``, so that the
    tracebacks that the application prints and exports stay as they were, also
    where the error comes from a function in C and has no other frame.
    """
    traceback = traceback_of(error)
    if traceback is not None and traceback.tb_frame is sys._getframe(1):  # noqa: SLF001 - public in all but name
        set_traceback(error, traceback.tb_next)


def report_failure(doing: str, error: BaseException) -> None:
    """Log a failure of this package; raises no failure of its own; at most one line a minute for each *doing*."""
    for watcher in _watchers:
        watcher(doing, error)
    if not _is_due(doing):
        return
    words = "otel_crumbs failed while %s; the application goes on. Please report this with its traceback."
    _log(words, doing, failure=error)


def warn(place: str, message: str, *args: object) -> None:
    """Log a warning for the user; raises no failure of its own; at most one line a minute for each *place*."""
    if not _is_due(place):
        return
    _log(message, *args)


def watch_failures(watcher: Callable[[str, BaseException], None]) -> Callable[[], None]:
    """Call *watcher* for every guarded failure, for tests; return the function that ends it."""
    _watchers.append(watcher)
    return lambda: _watchers.remove(watcher)


def forget_warnings() -> None:
    """Forget what was logged when, so that the next warning of each kind is logged."""
    _last_logged.clear()


def _log(message: str, *args: object, failure: BaseException | None = None) -> None:
    try:
        with suppress_instrumentation():
            logger.warning(message, *args, exc_info=failure)
    except BaseException as error:
        # The application's handlers run here.
        if is_thrown_in(error):
            raise


def _is_due(place: str) -> bool:
    now = time.monotonic()
    moments = _last_logged.setdefault(place, [float("-inf")])
    try:
        last = moments.pop()
    except IndexError:  # another thread is about to log, or the code that this call interrupts
        return False
    due = now - last >= QUIET_SECONDS
    moments.append(now if due else last)
    return due
