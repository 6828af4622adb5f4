"""
The one guard between us and the host application.

Code of ours that runs inside the application's calls (a span ending, a line
being logged, a hook running) may fail; the application must never notice.
What fails is logged to the logger ``otel_crumbs``, with OpenTelemetry's own
instrumentation suppressed, and not over and over.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger("otel_crumbs")

# A failure in a hot path would repeat for every span: one line a minute and
# place is enough to be seen, and few enough not to drown the log.
QUIET_SECONDS = 60.0

_last_told: dict[str, float] = {}
_lock = threading.Lock()
_watchers: list[Callable[[str, Exception], None]] = []


def guarded(doing: str) -> Callable[[Callable[P, T]], Callable[P, T | None]]:
    """
    Make a function return None where it would raise an `Exception`.

    *doing* completes the sentence "otel_crumbs failed while ...".
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T | None]:
        @functools.wraps(function)
        def call_safely(*args: P.args, **kwargs: P.kwargs) -> T | None:
            try:
                return function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the guard itself
                report_failure(doing, error)
                return None

        return call_safely

    return decorate


def remove_own_frame(error: BaseException) -> None:
    """
    Take the frame of a wrapper of ours out of an exception's traceback.

    To be called in the wrapper's ``except``, before a bare ``raise``: what the
    application prints and exports of its exceptions stays as it was. CPython
    3.10 keeps the traceback elsewhere, so there the frame stays.
    """
    traceback = error.__traceback__
    if traceback is not None and traceback.tb_next is not None:
        error.__traceback__ = traceback.tb_next


def report_failure(doing: str, error: Exception) -> None:
    """Log a failure of our own; never raises, at most one line a minute for each *doing*."""
    for watcher in _watchers:
        watcher(doing, error)
    if not _is_due(doing):
        return
    words = "otel_crumbs failed while %s; the application goes on. Please report this with its traceback."
    _log(words, doing, failure=error)


def warn(place: str, message: str, *args: object) -> None:
    """Log a warning for the user; never raises, at most one line a minute for each *place*."""
    if not _is_due(place):
        return
    _log(message, *args)


def watch_failures(watcher: Callable[[str, Exception], None]) -> Callable[[], None]:
    """Call *watcher* for every guarded failure, for tests; returns what undoes it."""
    _watchers.append(watcher)
    return lambda: _watchers.remove(watcher)


def _log(message: str, *args: object, failure: Exception | None = None) -> None:
    with suppress(Exception):
        # It brings in a good part of the standard library, which most never need: nothing fails.
        from opentelemetry.instrumentation.utils import suppress_instrumentation  # noqa: PLC0415

        with suppress_instrumentation():
            logger.warning(message, *args, exc_info=failure)


def _is_due(place: str) -> bool:
    now = time.monotonic()
    with _lock:
        last = _last_told.get(place)
        if last is not None and now - last < QUIET_SECONDS:
            return False
        _last_told[place] = now
        return True
