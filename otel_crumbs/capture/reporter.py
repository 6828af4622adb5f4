"""The reporter: one exception object is one event, whichever mechanisms notice it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from opentelemetry.trace import get_current_span

from otel_crumbs.base.exceptions import find_carried
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.threads import is_own_thread, is_own_work
from otel_crumbs.trails import (
    Branch,
    ExceptionMark,
    current,
    find_views,
    iterate_chain,
    mark_exception,
    mark_of,
    on_report,
)

from .expected import ExpectedErrors
from .rate_limit import RateLimiter

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from otel_crumbs.event import CapturedError, ExceptionInfo, capture_error, capture_recorded
    from otel_crumbs.event.stack import message_of
else:
    capture_error = LateFunction("otel_crumbs.event.captured", "capture_error")
    capture_recorded = LateFunction("otel_crumbs.event.captured", "capture_recorded")
    message_of = LateFunction("otel_crumbs.event.stack", "message_of")

# Failures of one operation that are told apart; it must not grow without end.
_MAX_REPORTED = 64
# The event id of an exception that is settled without an event.
_HELD_BACK = ""
# Mechanisms whose errors are the application's wherever they come up: a finaliser runs in any thread.
_ANYWHERE = frozenset({"unraisable"})
# Mechanisms that report an error wherever the garbage collector comes upon it.
_ELSEWHERE = frozenset({"asyncio", "unraisable"})


class Reporter:
    """
    Turns an exception into an event, once.

    Args:
        emit: Takes the captured error on its way; must not block or raise.
        rate_limiter: Holds back the failures that come too often.
        expected: Decides which exceptions are no failures.
        prepare: Called first with the report; false if it cannot be made now, and is made later or not at all.

    """

    def __init__(
        self,
        emit: Callable[[CapturedError], None],
        rate_limiter: RateLimiter | None = None,
        expected: ExpectedErrors | None = None,
        *,
        prepare: Callable[[Callable[[], object]], bool] = bool,
    ) -> None:
        self._emit = emit
        self.expected = expected or ExpectedErrors()
        self._rate_limiter = rate_limiter or RateLimiter()
        self._prepare = prepare

    def report(
        self,
        error: BaseException,
        *,
        mechanism: str,
        handled: bool,
        fatal: bool = False,
        branch: Branch | None = None,
        others: Sequence[Branch] = (),
        details: str = "",
    ) -> str | None:
        """
        Report an exception unless it has been.

        Args:
            error: The exception.
            mechanism: Which mechanism noticed it.
            handled: Whether the application dealt with it.
            fatal: Whether it ends the process.
            branch: Where it happened, if that is known.
            others: Where its story went on.
            details: The message of an exception that says nothing itself.

        Returns:
            The event's id, None for an expected one or one too many.

        """
        error = find_carried(error)
        if self.expected.includes(error) or (mechanism not in _ANYWHERE and _is_own()):
            return None
        places = current.find_branches_of_error(error) if branch is None else (branch, *others)
        # The code that the collector interrupted does not raise the exception again.
        known = mark_of(error) if mechanism in _ELSEWHERE else None
        mark = known or mark_exception(error, places[0])
        if mark.event_id is not None:
            return _event_id_of(mark)
        branch = mark.branch or branch
        later = partial(self.report, error, mechanism=mechanism, handled=handled, fatal=fatal, details=details)
        if not self._prepare(partial(later, branch=branch, others=others)):
            return None
        message = details or message_of(error)
        held_back = 0 if fatal else self._rate_limiter.admit(error, message)
        if held_back is None:
            mark.assign(_HELD_BACK)
            _remember_reported(mark.branch, _make_key(type(error).__name__, message))
            return None
        for call in on_report:
            call(error)
        captured = capture_error(
            error,
            views=find_views(error, mark, () if mechanism in _ELSEWHERE else places),
            span_context=find_span_context(error, mark),
            mechanism=mechanism,
            handled=handled,
            fatal=fatal,
            message=message,
        )
        if not mark.assign(captured.event_id):
            return _event_id_of(mark)
        _remember_reported(mark.branch, _find_key(captured.exceptions.infos[0]))
        self._emit(replace(captured, held_back=held_back) if held_back else captured)
        return captured.event_id

    def report_record(
        self, info: ExceptionInfo, stacktrace: str, *, branch: Branch, span_context: SpanContext, mechanism: str
    ) -> None:
        """Report an exception of which a span kept only the text, unless its operation reported it."""
        if _is_own():
            return
        if branch.operation is not None and _find_key(info) in (branch.operation.reported or ()):
            return
        if not self._prepare(
            partial(self.report_record, info, stacktrace, branch=branch, span_context=span_context, mechanism=mechanism)
        ):
            return
        _remember_reported(branch, _find_key(info))
        held_back = self._rate_limiter.admit_record(info.type, info.message, stacktrace)
        if held_back is not None:
            captured = capture_recorded(info, stacktrace, branch=branch, span_context=span_context, mechanism=mechanism)
            self._emit(replace(captured, held_back=held_back))


def _is_own() -> bool:
    """Return whether a hook or an exporter runs here: its failures would become events, and it would fail for those."""
    return is_own_thread() or is_own_work()


def find_span_context(error: BaseException, mark: ExceptionMark) -> SpanContext | None:
    """Return the span that an exception came from, else the current one, else that of an exception that led to it."""
    if mark.span_context is not None:
        return mark.span_context
    span_context = get_current_span().get_span_context()
    if span_context.is_valid:
        return span_context
    for each in iterate_chain(error):
        other = None if each is error else mark_of(each)
        if other is not None and other.span_context is not None:
            return other.span_context
    return None


def _event_id_of(mark: ExceptionMark) -> str | None:
    return mark.event_id or None


def _remember_reported(branch: Branch | None, key: str) -> None:
    if branch is None or branch.operation is None:
        return
    captured = branch.operation.reported = branch.operation.reported or set()
    if len(captured) < _MAX_REPORTED:
        captured.add(key)


def _find_key(info: ExceptionInfo) -> str:
    # Spans write the class with its module, logging handlers without.
    return _make_key(info.type.rpartition(".")[2], info.message)


def _make_key(class_name: str, message: str) -> str:
    return f"{class_name}: {message}"
