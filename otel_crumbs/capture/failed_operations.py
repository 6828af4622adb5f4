"""Failed operations: a request, message or task whose root span ends with an exception, or with a failure's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import StatusCode

from otel_crumbs.base.exceptions import find_exception_event, has_no_message, traceback_of
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.plain import MAX_MESSAGE, MAX_STACKTRACE, name_class, to_text
from otel_crumbs.trails import Branch, EndedOperation, EndedSpan

from .postponed_answers import postpone
from .reporter import Reporter

if TYPE_CHECKING:
    from otel_crumbs.event import ExceptionInfo
    from otel_crumbs.event.stack import cut_middle
else:
    ExceptionInfo = LateFunction("otel_crumbs.event.model", "ExceptionInfo")
    cut_middle = LateFunction("otel_crumbs.event.stack", "cut_middle")

# Views raise these statuses to answer. An exception after a 200 is a failure: the answer broke off.
_ANSWERS = range(300, 500)
# By these the server says that it failed: https://www.rfc-editor.org/rfc/rfc9110#section-15.6
_FAILURES = range(500, 600)
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
        with_exceptions: Whether exceptions are reported.
        with_answers: Whether answers are that no exception led to.

    """

    def __init__(self, reporter: Reporter, *, with_exceptions: bool = True, with_answers: bool = True) -> None:
        self._reporter = reporter
        self._with_exceptions = with_exceptions
        self._with_answers = with_answers

    @guarded("a failed operation was reported")
    def report_ended(self, ended: EndedOperation) -> None:
        """Report the exception that a root span ended with, or else the failure that it answered with."""
        if _has_succeeded(ended) or _is_answer(ended.span):
            return
        code, details = _find_grpc_status(ended)
        if code in _GRPC_ANSWERS:
            return
        error, recorded = ended.exception, find_exception_event(ended.span.events)
        if error is None and recorded is None:
            self._report_answer(ended, code, details)
            return
        if not self._with_exceptions:
            return
        if error is not None:
            says_nothing = has_no_message(error) or name_class(type(error)) == _ASYNC_ABORT
            details = details if says_nothing else ""
            self._reporter.report(error, mechanism="operation", handled=False, branch=ended.branch, details=details)
        elif recorded is not None:
            self._report_recorded(ended, recorded)

    @guarded("a failed operation was reported")
    def report_block(self, error: BaseException, branches: Sequence[Branch]) -> None:
        """Report the exception that leaves an operation block, with the branches that have its story."""
        first, *others = branches
        self._reporter.report(error, mechanism="operation", handled=False, branch=first, others=others)

    def _report_answer(self, ended: EndedOperation, code: int, details: str) -> None:
        attributes = ended.span.attributes or {}
        status = _find_http_status(ended.span)
        if not self._with_answers:
            return
        if status in _FAILURES:
            info = describe_answer(status, _name_request(attributes))
        elif code:
            name, _, words = details.partition(": ")
            info = ExceptionInfo(type=f"gRPC {name or code}", message=words or _name_method(attributes))
        else:
            return
        report = partial(self._reporter.report_answer, info, branch=ended.branch, span_context=ended.span.context)
        if not postpone(report):
            report()

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


def describe_answer(status: int, request: str) -> ExceptionInfo:
    """
    Return an answer that says that the server failed, in the words of an exception.

    Args:
        status: Of HTTP, 500 or above.
        request: The request as its operation is called: ``GET /orders/{id}``.

    """
    return ExceptionInfo(type=f"HTTP {status}", message=to_text(f"{_name_status(status)}: {request}", MAX_MESSAGE))


def _is_answer(span: EndedSpan) -> bool:
    """Return whether the operation gave an HTTP answer by raising it."""
    return _find_http_status(span) in _ANSWERS


def _find_http_status(span: EndedSpan) -> Any:
    attributes = span.attributes or {}
    return attributes.get("http.response.status_code", attributes.get("http.status_code"))


def _name_status(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # of no standard
        return "server error"


def _name_request(attributes: Mapping[str, Any]) -> str:
    """Return a request as its operation is called: ``GET /orders/{id}``."""
    method = attributes.get("http.request.method") or attributes.get("http.method") or ""
    path = next((attributes[name] for name in ("http.route", "url.path", "http.target") if attributes.get(name)), "")
    words = str(path).partition("?")[0]
    # A route may begin with the method, as that of Litestar does.
    return to_text(words if words.startswith(f"{method} ") else f"{method} {words}".strip(), MAX_MESSAGE)


def _name_method(attributes: Mapping[str, Any]) -> str:
    return to_text("/".join(str(attributes[name]) for name in ("rpc.service", "rpc.method") if attributes.get(name)))


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
