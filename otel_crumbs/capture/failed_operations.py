"""Failed operations: a request, message or task whose root span ends with an exception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import StatusCode

from otel_crumbs.base.exceptions import find_exception_event, has_no_message, traceback_of
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.plain import MAX_MESSAGE, MAX_STACKTRACE, name_class, to_text
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
# The codes that blame the client; a span has 0, OK, where the servicer set none before it failed:
# https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
_GRPC_ANSWERS = frozenset({1, 3, 5, 6, 7, 8, 9, 10, 11, 16})
# The description of a span's status begins with it, where the instrumentation wrote that.
_CODE = "StatusCode."
# By the module and the function that raises it, or by its class, the exception for a servicer that aborts.
_ABORT = ("grpc._server", "abort")
_ASYNC_ABORT = "grpc._cython.cygrpc.AbortError"


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
        if _has_succeeded(ended) or _is_answer(ended.span):
            return
        code, details = _find_grpc_status(ended)
        if code in _GRPC_ANSWERS:
            return
        error = ended.exception
        if error is not None:
            says_nothing = has_no_message(error) or name_class(type(error)) == _ASYNC_ABORT
            details = details if says_nothing else ""
            self._reporter.report(error, mechanism="operation", handled=False, branch=ended.branch, details=details)
            return
        recorded = find_exception_event(ended.span.events)
        if recorded is not None:
            self._report_recorded(ended, recorded)

    @guarded("a failed operation was reported")
    def report_block(self, error: BaseException, branches: Sequence[Branch]) -> None:
        """Report the exception that leaves an operation block, with the branches that have its story."""
        first, *others = branches
        self._reporter.report(error, mechanism="operation", handled=False, branch=first, others=others)

    def _report_recorded(self, ended: EndedOperation, recorded: Mapping[str, Any]) -> None:
        kind = to_text(str(recorded.get("exception.type") or "Exception"))
        message = to_text(str(recorded.get("exception.message") or ""), MAX_MESSAGE)
        if self._reporter.expected.includes_name(kind, message):
            return
        info = ExceptionInfo(type=kind, message=message)
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


def _find_grpc_status(ended: EndedOperation) -> tuple[int, str]:
    """Return the code that a gRPC call ended with, and its name with the details; 0 and nothing where none was set."""
    code = (ended.span.attributes or {}).get("rpc.grpc.status_code")
    if code == 0 and ended.exception is not None:
        # The instrumentation sees no `abort_with_status`.
        return _read_abort(ended.exception)
    if not isinstance(code, int):
        return 0, ""
    description = ended.span.status.description or ""
    if not description.startswith(_CODE):
        return code, ""
    name, _, details = description[len(_CODE) :].partition(":")
    return code, _describe_status(name, details)


def _read_abort(error: BaseException) -> tuple[int, str]:
    """Return the code and the words that a servicer aborted with, which the frame has that gRPC raised in."""
    traceback = traceback_of(error)
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    frame = traceback.tb_frame if traceback is not None else None
    if frame is None or (frame.f_globals.get("__name__"), frame.f_code.co_name) != _ABORT:
        return 0, ""
    code: Any = frame.f_locals.get("code")
    details = frame.f_locals.get("details")
    if name_class(type(code)) != "grpc.StatusCode":
        return 0, ""
    return code.value[0], _describe_status(code.name, details if type(details) is str else "")


def _describe_status(name: str, details: str) -> str:
    return to_text(f"{name}: {details}", MAX_MESSAGE) if details else ""


def _has_succeeded(ended: EndedOperation) -> bool:
    """
    Return whether an exception on the root span is one that was handled inside.

    A gRPC server leaves the status unset when a servicer fails, so there the
    recorded exception speaks.
    """
    failed = ended.span.status.status_code is StatusCode.ERROR
    return not failed and ended.exception is None and "rpc.system" not in (ended.span.attributes or {})
