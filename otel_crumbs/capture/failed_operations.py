"""Failed operations: a request, message or task whose root span ends with an exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import StatusCode

from otel_crumbs.base.exceptions import find_exception_event
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.plain import MAX_MESSAGE, MAX_STACKTRACE, to_text
from otel_crumbs.trails import Branch, EndedOperation, EndedSpan

from .reporter import Reporter

if TYPE_CHECKING:
    from otel_crumbs.event import ExceptionInfo
    from otel_crumbs.event.stack import cut_middle
else:
    ExceptionInfo = LateFunction("otel_crumbs.event.model", "ExceptionInfo")
    cut_middle = LateFunction("otel_crumbs.event.stack", "cut_middle")

# Views raise these statuses to answer. An exception after a 200 is a failure: the answer broke off.
_ANSWERS = range(300, 500)
_EXPECTED = frozenset(
    {"KeyboardInterrupt", "SystemExit", "GeneratorExit", "CancelledError", "asyncio.exceptions.CancelledError"}
)


class FailedOperations:
    """
    Reports operations that failed.

    Args:
        reporter: Gets the exception, or the span's record of it.

    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    @guarded("a failed operation was reported")
    def report_ended(self, ended: EndedOperation) -> None:
        """Report the exception that a root span ended with."""
        if _is_answer(ended.span) or _has_succeeded(ended):
            return
        if ended.exception is not None:
            self._reporter.report(ended.exception, mechanism="operation", handled=False, branch=ended.branch)
            return
        recorded = find_exception_event(ended.span.events)
        if recorded is not None:
            self._report_recorded(ended, recorded)

    @guarded("a failed operation was reported")
    def report_block(self, error: BaseException, branch: Branch) -> None:
        """Report the exception that leaves an operation block."""
        self._reporter.report(error, mechanism="operation", handled=False, branch=branch)

    def _report_recorded(self, ended: EndedOperation, recorded: Mapping[str, Any]) -> None:
        kind = to_text(str(recorded.get("exception.type") or "Exception"))
        if kind in _EXPECTED:
            return
        info = ExceptionInfo(type=kind, message=to_text(str(recorded.get("exception.message") or ""), MAX_MESSAGE))
        stacktrace = cut_middle(str(recorded.get("exception.stacktrace") or ""), MAX_STACKTRACE)
        self._reporter.report_record(
            info,
            to_text(stacktrace, 2 * MAX_STACKTRACE),
            branch=ended.branch,
            span_context=ended.span.context,
            mechanism="operation",
        )


def _is_answer(span: EndedSpan) -> bool:
    """Return whether the operation gave an HTTP answer by raising it."""
    attributes = span.attributes or {}
    status = attributes.get("http.response.status_code", attributes.get("http.status_code"))
    return status in _ANSWERS


def _has_succeeded(ended: EndedOperation) -> bool:
    """
    Return whether an exception on the root span is one that was handled inside.

    A gRPC server leaves the status unset when a servicer fails, so there the
    recorded exception speaks.
    """
    failed = ended.span.status.status_code is StatusCode.ERROR
    return not failed and ended.exception is None and "rpc.system" not in (ended.span.attributes or {})
