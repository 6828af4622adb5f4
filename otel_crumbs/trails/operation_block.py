"""The operation block, for work that no instrumentation wraps in a span."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, TypeVar

from opentelemetry import context as otel_context
from opentelemetry.trace import get_current_span

from otel_crumbs.base.guard import guarded

from .branch import Branch
from .current_branch import OPERATION_KEY, current, get_context, get_operation_branch
from .exception_mark import mark_exception
from .open_block import Block, OpenBlock
from .operation import Operation
from .operation_wrappers import wrap_callable

F = TypeVar("F", bound=Callable[..., Any])

# Called with the branch of an operation that begins in a block which says how many seconds it may take, and these.
on_opened: list[Callable[[Branch, float], None]] = []
# Called with every exception that leaves an operation block, and the branches that have its story.
on_failure: list[Callable[[BaseException, Sequence[Branch]], None]] = []

_runtime_context: Any = getattr(otel_context, "_RUNTIME_CONTEXT", otel_context)


class _OpenedBlock:
    """A block that was opened, and what is needed to close it."""

    __slots__ = ("block", "context", "outer", "remembered", "token")

    def __init__(self, block: OpenBlock, remembered: Branch | None) -> None:
        self.block = block
        self.remembered = remembered
        self.outer = otel_context.get_current()
        self.context = otel_context.set_value(OPERATION_KEY, block)
        self.token: Any = otel_context.attach(self.context)

    def end(self) -> None:
        """
        Bring back the context in which the block was opened, as far as it is current here.

        A block may be left elsewhere: a framework runs the two halves of a
        generator in two threads, or the garbage collector ends it in any.
        OpenTelemetry logs an exception of its own then.
        """
        block, here = self.block, get_context()
        current.forget_operation(block, self.remembered)
        if here is self.context and self._reset():
            return
        block.stays = False
        if here is self.context:
            otel_context.attach(self.outer)
            return
        named = here.get(OPERATION_KEY)
        if isinstance(named, OpenBlock) and named.operation is block.operation:
            otel_context.attach(otel_context.set_value(OPERATION_KEY, block.around))

    def _reset(self) -> bool:
        try:
            _runtime_context.detach(self.token)
        except (ValueError, RuntimeError):  # it is a copy of the context in which the block was opened
            return False
        return True


class operation(Block):  # noqa: N801 - used as a context manager and decorator, like contextlib's
    """
    A unit of work with its own trail.

    A context manager, plain or async, and a decorator for functions: plain and
    async ones, generators, async generators, and whatever returns a coroutine.
    What is recorded inside belongs to this trail alone; an exception that leaves
    it is reported once it is installed. Nothing is traced: the OpenTelemetry
    context only learns which trail is current.

    In a generator it is current while the generator runs, and not for the code
    that takes what it yields, unless `contextlib` made a context manager of it.

    Args:
        name: Its name in the error event; a decorated function's
            qualified name by default.
        slow_after: After so many seconds an event says that the operation
            still goes on, and where; ``OTEL_CRUMBS_SLOW_AFTER`` by default, 0 for never.

    Example:
        >>> with operation("nightly-import"):
        ...     record("file opened", category="import")

    """

    def __init__(self, name: str | None = None, *, slow_after: float | None = None) -> None:
        self.name = name
        self.slow_after = slow_after
        # One object may be entered again before it is left: by itself, and by other threads, tasks and generators.
        self._opened: list[_OpenedBlock] = []
        # Of a decorated function's call: the frame of the generator that it made, and the branch that all of it has.
        self._is_call = False
        self._generator: FrameType | None = None
        self._branch: Branch | None = None

    def __call__(self, function: F) -> F:
        """Return the function with every call an operation of its own."""
        name = self.name or getattr(function, "__qualname__", None)

        def make(generator: FrameType | None = None) -> operation:
            made = operation(name, slow_after=self.slow_after)
            made._is_call, made._generator = True, generator
            return made

        return wrap_callable(function, make)

    @guarded("opening an operation")
    def _open(self, frame: FrameType | None) -> None:
        remembered = get_operation_branch()
        span_context = get_current_span().get_span_context()
        branch = self._branch
        if branch is None:
            around = current.find_branch().operation
            branch = current.begin(Operation(span_context.trace_id, name=self.name, within=around))
            if self.slow_after is not None:
                for watch in on_opened:
                    watch(branch, self.slow_after)
        if branch.operation is not None:
            branch.operation.ended = False
        if self._is_call:
            self._branch = branch
        generator = self._find_generator(frame)
        block = current.open_block(branch, span_context.span_id, generator)
        self._opened.append(_OpenedBlock(block, remembered))

    @guarded("closing an operation")
    def _close(self, error: BaseException | None) -> None:
        if not self._opened:
            return
        opened = self._find_opened()
        self._opened.remove(opened)
        branch = opened.block.branch
        try:
            if branch.operation is not None:
                branch.operation.ended, branch.operation.failed = True, error is not None
            if error is not None:
                mark_exception(error, branch)
                branches = [branch, *_find_others(opened.block)]
                for report in on_failure:
                    report(error, branches)
        finally:
            branch.release_open_spans()
            current.open_blocks.close(opened.block)
            opened.end()
        if error is not None and branch.operation is not None:
            around = current.find_branch().operation
            if around is not None:
                around.add_reported(branch.operation)

    def _find_opened(self) -> _OpenedBlock:
        """Return the block that is left now: of the generator that runs, or else of this task or thread."""
        if len(self._opened) == 1:
            return self._opened[0]
        running = current.open_blocks.find_running()
        of_generator = [opened for block in running for opened in self._opened if opened.block is block]
        if of_generator:
            return of_generator[0]
        mine = [opened for opened in self._opened if opened.block.branch.is_current()]
        return (mine or self._opened)[-1]


def _find_others(block: OpenBlock) -> Iterator[Branch]:
    """Iterate over the branch that goes on here, where a block is left elsewhere than it was entered."""
    here = current.find_branch()
    if block.frame is None and here.operation is not block.operation:
        # What raised the exception did not run in the block.
        yield here.widest_branch
