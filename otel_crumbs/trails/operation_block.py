"""The operation block, for work that no instrumentation wraps in a span."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from opentelemetry import context as otel_context
from opentelemetry.trace import get_current_span

from otel_crumbs.base.guard import guarded

from .branch import Branch
from .current_branch import OPERATION_KEY, current
from .exception_mark import mark_exception
from .operation import Operation

F = TypeVar("F", bound=Callable[..., Any])

# Called with every exception that leaves an operation block.
on_failure: list[Callable[[BaseException, Branch], None]] = []


class operation:  # noqa: N801 - used as a context manager and decorator, like contextlib's
    """
    A unit of work with its own trail.

    A context manager, plain or async, and a decorator for plain and async
    functions. What is recorded inside belongs to this trail alone; an
    exception that leaves it is reported once it is installed. Nothing is
    traced: the OpenTelemetry context only learns which trail is current.

    Args:
        name: Its name in the error event; a decorated function's
            qualified name by default.

    Example:
        >>> with operation("nightly-import"):
        ...     record("file opened", category="import")

    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        # One object may be entered again before it is left: by itself, and by other threads and tasks.
        self._opened: list[tuple[Branch, Any]] = []

    def __enter__(self) -> operation:
        """Open the operation."""
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the operation; report an exception that leaves it, and let it pass."""
        self._close(error)

    async def __aenter__(self) -> operation:
        """Open the operation in the running task."""
        self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the operation; report an exception that leaves it, and let it pass."""
        self._close(error)

    def __call__(self, function: F) -> F:
        """Return the function with every call an operation of its own."""
        name = self.name or getattr(function, "__qualname__", None)
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                async with operation(name):
                    return await function(*args, **kwargs)

            return run_async  # type: ignore[return-value]  # the same signature, by functools.wraps

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with operation(name):
                return function(*args, **kwargs)

        return run  # type: ignore[return-value]  # the same signature, by functools.wraps

    @guarded("opening an operation")
    def _open(self) -> None:
        span_context = get_current_span().get_span_context()
        around = current.find_branch().operation
        branch = current.begin(Operation(span_context.trace_id, name=self.name, within=around))
        block = current.open_block(branch, span_context.span_id)
        self._opened.append((branch, otel_context.attach(otel_context.set_value(OPERATION_KEY, block))))

    @guarded("closing an operation")
    def _close(self, error: BaseException | None) -> None:
        if not self._opened:
            return
        mine = [opened for opened in self._opened if opened[0].is_current()]
        branch, token = (mine or self._opened)[-1]
        self._opened.remove((branch, token))
        try:
            if error is not None:
                mark_exception(error, branch)
                for report in on_failure:
                    report(error, branch)
        finally:
            branch.release_open_spans()
            otel_context.detach(token)
