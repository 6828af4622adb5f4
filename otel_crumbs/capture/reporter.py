"""The reporter: one exception object is one event, whichever mechanisms notice it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from time import time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import get_current_span

from otel_crumbs.base.exceptions import find_carried, traceback_of
from otel_crumbs.base.fork import detect_fork
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.mechanisms import ANSWER, ELSEWHERE, HANG, LOG_TEXT
from otel_crumbs.base.plain import name_class
from otel_crumbs.trails import (
    MAX_REPORTED,
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
from .own_words import is_own, mark_asking
from .rate_limit import RateLimiter
from .recent_failures import Place, RecentFailures

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from otel_crumbs.event import CapturedError, ExceptionInfo, capture_error, capture_recorded
    from otel_crumbs.event.stack import message_of
    from otel_crumbs.event.traceback_reader import find_innermost
else:
    capture_error = LateFunction("otel_crumbs.event.captured", "capture_error")
    capture_recorded = LateFunction("otel_crumbs.event.captured", "capture_recorded")
    find_innermost = LateFunction("otel_crumbs.event.traceback_reader", "find_innermost")
    message_of = LateFunction("otel_crumbs.event.stack", "message_of")

# Exceptions that led to one, or that it groups, and whose texts are known for its own.
_MAX_RELATED = 8
# The event id of an exception that is settled without an event.
HELD_BACK = ""
# Stands for an exception that is no failure.
_EXPECTED = "expected"
# Mechanisms whose errors are the application's wherever they come up: a finaliser runs in any thread, and hangs are
# found by one of the package's own.
_ANYWHERE = frozenset({HANG, "unraisable"})


class Reporter:
    """
    Turns an exception into an event, once.

    Args:
        emit: Takes the captured error on its way; must not block or raise.
        rate_limiter: Holds back the failures that come too often.
        expected: Decides which exceptions are no failures.
        with_locals: Whether the variables of the application's frames are captured.
        prepare: Called first with the report; false if it cannot be made now, and is made later or not at all.

    """

    def __init__(
        self,
        emit: Callable[[CapturedError], None],
        rate_limiter: RateLimiter | None = None,
        expected: ExpectedErrors | None = None,
        *,
        with_locals: bool = False,
        prepare: Callable[[Callable[[], object]], bool] = bool,
    ) -> None:
        self._emit = emit
        self.expected = expected or ExpectedErrors()
        self._rate_limiter = rate_limiter or RateLimiter()
        self.with_locals = with_locals
        self._prepare = prepare
        # A failure may be reported as an exception, and logged as a text before or after that.
        self._exceptions = RecentFailures()
        self._texts = RecentFailures()

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
        attributes: Mapping[str, Any] | None = None,
        at: int | None = None,
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
            attributes: Tell which work failed, where no span of its own does.
            at: When that was, in nanoseconds since the epoch; now by default, before parts are made that it needs.

        Returns:
            The event's id, None for an expected one or one too many.

        """
        at = time_ns() if at is None else at
        detect_fork()
        error = find_carried(error)
        if (mechanism not in _ANYWHERE and is_own(error)) or self._is_expected(error, branch):
            return None
        places = current.find_branches_of_error(error) if branch is None else (branch, *others)
        # The code that the collector interrupted does not raise the exception again.
        mark = (mark_of(error) if mechanism in ELSEWHERE else None) or mark_exception(error, places[0])
        if mark.event_id is not None:
            return _event_id_of(mark)
        branch = mark.branch or branch
        later = partial(self.report, error, mechanism=mechanism, handled=handled, fatal=fatal, details=details, at=at)
        if not self._prepare(partial(later, branch=branch, others=others, attributes=attributes)):
            return None
        # Its own code may report it as well, and would be asked for its text again.
        with mark_asking():
            message = details or message_of(error)
        title = _make_key(name_class(type(error)).rpartition(".")[2], message)
        if self._texts and self._assign_text(error, mark, title):
            return _event_id_of(mark)
        held_back = 0 if fatal else self._rate_limiter.admit(error, message)
        if held_back is None:
            mark.assign(HELD_BACK)
            self._remember(error, mark, title)
            return None
        known: dict[str, Any] = {"mechanism": mechanism, "handled": handled, "fatal": fatal, "message": message}
        captured = self._capture(error, mark, places, attributes=attributes, timestamp=at, **known)
        if not mark.assign(captured.event_id):
            return _event_id_of(mark)
        self._remember(error, mark, title, captured.exceptions.infos[1:_MAX_RELATED])
        self._emit(replace(captured, held_back=held_back) if held_back else captured)
        return captured.event_id

    def _assign_text(self, error: BaseException, mark: ExceptionMark, title: str) -> bool:
        """Assign to an exception the event of its text, if that was reported before it; return whether it was."""
        event_id = self._texts.take(title, _find_place(error))
        if event_id is not None:
            mark.assign(event_id)
        return event_id is not None

    def _is_expected(self, error: BaseException, branch: Branch | None) -> bool:
        if not self.expected.includes(error):
            return False
        # An answer that it led to is no failure either.
        _remember_reported(branch or current.find_branch(), _EXPECTED)
        return True

    def _remember(
        self, error: BaseException, mark: ExceptionMark, title: str, related: Sequence[ExceptionInfo] = ()
    ) -> None:
        _remember_reported(mark.branch, title)
        event_id = mark.event_id or HELD_BACK
        self._exceptions.add(title, _find_place(error), event_id)
        # A text may be about an exception that led to this one.
        for info in related:
            self._exceptions.add(_find_key(info), None, event_id)

    def _capture(
        self, error: BaseException, mark: ExceptionMark, places: Sequence[Branch], *, mechanism: str, **known: Any
    ) -> CapturedError:
        for call in on_report:
            call(error)
        with mark_asking():
            captured: CapturedError = capture_error(
                error,
                views=find_views(error, mark, () if mechanism in ELSEWHERE else places),
                span_context=find_span_context(error, mark),
                mechanism=mechanism,
                with_locals=self.with_locals,
                **known,
            )
        return captured

    def report_record(
        self, info: ExceptionInfo, stacktrace: str, *, branch: Branch, span_context: SpanContext, mechanism: str
    ) -> None:
        """Report an exception of which a span kept only the text, unless its operation reported it."""
        if branch.operation is None or _find_key(info) not in (branch.operation.reported or ()):
            self._report_text(info, stacktrace, branch, span_context=span_context, mechanism=mechanism, handled=False)

    def settle_stand_in(self, error: BaseException) -> None:
        """Make no event of the text of an exception that stood in for another one, which is settled."""
        with mark_asking():
            title = _make_key(name_class(type(error)).rpartition(".")[2], message_of(error))
        _remember_reported(current.find_branch(), title)

    def report_answer(self, info: ExceptionInfo, *, branch: Branch, span_context: SpanContext | None) -> None:
        """Report an answer that says that the server failed, unless its operation reported anything."""
        if branch.operation is None or not branch.operation.reported:
            self._report_text(info, "", branch, span_context=span_context, mechanism=ANSWER, handled=True)

    def report_logged(self, info: ExceptionInfo, stacktrace: str, *, place: Place | None) -> None:
        """
        Report an exception of which a log line has only the text, unless it was reported.

        Args:
            info: The exception.
            stacktrace: The text.
            place: Where it was raised, if that is known.

        """
        branch, key = current.find_branch(), _find_key(info)
        reported = branch.operation.reported if branch.operation is not None else None
        if any(known.partition("\n")[0] == key for known in reported or ()):
            return
        if self._exceptions.find(key, place) is not None:
            return
        span_context = get_current_span().get_span_context()
        event_id = self._report_text(
            info,
            stacktrace,
            branch,
            span_context=span_context if span_context.is_valid else None,
            mechanism=LOG_TEXT,
            handled=True,
        )
        if event_id is not None:
            self._texts.add(key, place, event_id)

    def _report_text(
        self, info: ExceptionInfo, stacktrace: str, branch: Branch, *, at: int | None = None, **known: Any
    ) -> str | None:
        at = time_ns() if at is None else at
        detect_fork()
        if is_own() or not self._prepare(partial(self._report_text, info, stacktrace, branch, at=at, **known)):
            return None
        _remember_reported(branch, _find_key(info))
        held_back = self._rate_limiter.admit_record(info.type, info.message, stacktrace)
        if held_back is None:
            return HELD_BACK
        captured = capture_recorded(info, stacktrace, branch=branch, timestamp=at, **known)
        self._emit(replace(captured, held_back=held_back) if held_back else captured)
        return captured.event_id


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


def _find_place(error: BaseException) -> Place | None:
    """Return the file and the line that an exception was raised in."""
    traceback = traceback_of(error)
    if traceback is None:
        return None
    innermost = find_innermost(traceback, 1)[1][-1]
    return innermost.tb_frame.f_code.co_filename, innermost.tb_lineno or 0


def _event_id_of(mark: ExceptionMark) -> str | None:
    return mark.event_id or None


def _remember_reported(branch: Branch | None, key: str) -> None:
    if branch is None or branch.operation is None:
        return
    captured = branch.operation.reported = branch.operation.reported or set()
    if len(captured) < MAX_REPORTED:
        captured.add(key)


def _find_key(info: ExceptionInfo) -> str:
    # Spans write the class with its module, logging handlers without.
    return _make_key(info.type.rpartition(".")[2], info.message)


def _make_key(class_name: str, message: str) -> str:
    return f"{class_name}: {message}"
