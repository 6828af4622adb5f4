"""
Answers that say that the server failed, reported once no exception can follow them.

An ASGI framework sends its error page first and raises the exception then, so
where OpenTelemetry's middleware is around the framework, the operation ends
before its exception is seen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar, Token

from otel_crumbs.base.guard import guarded

# The exception follows at once; what comes later is a background task's, and the answer's event need not wait for that.
WAIT_SECONDS = 1.0

_postponed: ContextVar[PostponedAnswers | None] = ContextVar("otel_crumbs_postponed_answers", default=None)


class PostponedAnswers:
    """The answers that one request postpones; its context has them, and that of each of its tasks."""

    def __init__(self) -> None:
        self.token: Token[PostponedAnswers | None] | None = None
        self._reports: list[Callable[[], object]] | None = []

    def add(self, report: Callable[[], object]) -> bool:
        """Postpone a report; return whether it is not too late for that."""
        if self._reports is None:
            return False
        self._reports.append(report)
        asyncio = sys.modules.get("asyncio")
        loop = asyncio._get_running_loop() if asyncio is not None else None  # noqa: SLF001 - asyncio documents it
        if loop is not None:
            loop.call_later(WAIT_SECONDS, self.report)
        return True

    @guarded("a postponed answer was reported")
    def report(self) -> None:
        """Report what was postponed."""
        reports, self._reports = self._reports, None
        for report in reports or ():
            report()

    @guarded("a postponed answer was reported")
    def stop(self) -> None:
        """Report what was postponed, and postpone no more."""
        self.report()
        token, self.token = self.token, None
        if token is not None:
            # Who closes a coroutine that was given up may do so in another context.
            with suppress(ValueError):
                _postponed.reset(token)


@guarded("answers were to be postponed")
def postpone_answers() -> PostponedAnswers | None:
    """Postpone answers in this context until it is stopped; return None where an outer request does."""
    if _postponed.get() is not None:
        return None
    postponed = PostponedAnswers()
    postponed.token = _postponed.set(postponed)
    return postponed


def postpone(report: Callable[[], object]) -> bool:
    """Postpone the report of an answer; return whether the context does so."""
    postponed = _postponed.get()
    return postponed is not None and postponed.add(report)
