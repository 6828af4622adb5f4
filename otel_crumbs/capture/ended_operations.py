"""
Work that goes on after its operation has ended: the answer is sent while its body is still being made.

A web framework's instrumentation ends the span of a request when the view
returns. What fails later has the request's trail all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Token
from typing import Any
from weakref import WeakKeyDictionary

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
        self._made_in: WeakKeyDictionary[Any, Branch] = WeakKeyDictionary()

    @guarded("an answer was made")
    def remember_answer(self, answer: Any) -> None:
        """Remember the operation that goes on while an answer is made; None stands for its class."""
        branch = current.find_branch() if answer is not None else None
        if branch is not None and branch.operation is not None:
            self._made_in[answer] = branch.root

    @guarded("the operation of an answer was looked for")
    def find_branch(self, answer: Any) -> Branch | None:
        """Return the branch of the operation in which an answer was made, if that has ended since."""
        try:
            branch = self._made_in.get(answer)
        except TypeError:  # it is no answer, but whatever else a view returned
            return None
        return branch if branch is not None and branch.operation is not None and branch.operation.ended else None

    def call(self, branch: Branch, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function of the application's, which goes on with an operation."""
        token = self.continue_in(branch)
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
                current.stop_continuing(token)

    async def wait_for(self, branch: Branch, awaitable: Awaitable[Any]) -> Any:
        """Wait for what the application goes on with after an operation."""
        token = self.continue_in(branch)
        try:
            return await awaitable
        except StopAsyncIteration:
            raise
        except BaseException as error:
            if token is not None:
                self.report(error, branch)
            remove_own_frame(error)
            raise
        finally:
            if token is not None:
                current.stop_continuing(token)

    @guarded("a failure after an operation's end was reported")
    def report(self, error: BaseException, branch: Branch) -> None:
        """Report an exception that came after the end of an operation, unless the operation failed of it."""
        operation = branch.operation
        if operation is None or not operation.ended or operation.failed:
            return
        mark_exception(error, branch, operation.span_context)
        self._reporter.report(error, mechanism="operation", handled=False, branch=branch)

    @guarded("work went on after its operation")
    def continue_in(self, branch: Branch) -> Token[Branch | None] | None:
        """Resume an operation that has ended; return None where it goes on, or other work does."""
        operation = branch.operation
        if operation is None or not operation.ended or current.find_branch().operation not in (None, operation):
            return None
        return current.continue_after(branch)


class _Steps:
    """
    The steps of an iterator of the application's, each of which goes on with an operation.

    Args:
        ended: Runs the steps.
        branch: The branch of the operation.
        iterator: The application's.

    """

    def __init__(self, ended: EndedOperations, branch: Branch, iterator: Any) -> None:
        self._ended = ended
        self._branch = branch
        self._iterator = iterator


class OperationIterator(_Steps):
    """An iterator of the application's, each step of which goes on with an operation."""

    def __iter__(self) -> OperationIterator:
        return self

    def __next__(self) -> Any:
        try:
            return self._ended.call(self._branch, next, self._iterator)
        except BaseException as error:
            remove_own_frame(error)
            raise


class OperationAsyncIterator(_Steps):
    """An async iterator of the application's, each step of which goes on with an operation."""

    def __aiter__(self) -> OperationAsyncIterator:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._ended.wait_for(self._branch, self._iterator.__anext__())
        except BaseException as error:
            remove_own_frame(error)
            raise
