"""
Work that goes on after its operation has ended: the answer is sent while its body is still being made.

A web framework's instrumentation ends the span of a request when the view
returns. What fails later has the request's trail all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import Token
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.trails import Branch, current, mark_exception

from .reporter import Reporter


class EndedOperations:
    """
    Runs the work of ended operations in their trails, and reports its failures.

    Args:
        reporter: Gets the exception.

    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def call(self, branch: Branch, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function of the application's, which goes on with an operation."""
        token = self._resume(branch)
        try:
            return function(*args, **kwargs)
        except StopIteration:
            raise
        except BaseException as error:
            if token is not None:
                self.report(error, branch)
            remove_own_frame(error)
            raise
        finally:
            if token is not None:
                current.suspend(token)

    @guarded("a failure after an operation's end was reported")
    def report(self, error: BaseException, branch: Branch) -> None:
        """Report an exception that came after the end of an operation, unless the operation failed of it."""
        operation = branch.operation
        if operation is None or not operation.ended or operation.failed:
            return
        mark_exception(error, branch, operation.span_context)
        self._reporter.report(error, mechanism="operation", handled=False, branch=branch)

    @guarded("an operation that has ended was resumed")
    def _resume(self, branch: Branch) -> Token[Branch | None] | None:
        """Resume an operation that has ended; return None where it goes on, or other work does."""
        operation = branch.operation
        if operation is None or not operation.ended or current.find_branch().operation not in (None, operation):
            return None
        return current.resume(branch)


class ResumedIterator:
    """
    An iterator of the application's, each step of which goes on with an operation.

    Args:
        ended: Runs the steps.
        branch: The branch of the operation.
        iterator: The application's.

    """

    def __init__(self, ended: EndedOperations, branch: Branch, iterator: Iterator[Any]) -> None:
        self._ended = ended
        self._branch = branch
        self._iterator = iterator

    def __iter__(self) -> ResumedIterator:
        return self

    def __next__(self) -> Any:
        try:
            return self._ended.call(self._branch, next, self._iterator)
        except BaseException as error:
            remove_own_frame(error)
            raise
