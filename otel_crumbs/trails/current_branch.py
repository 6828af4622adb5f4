"""
The current branch: the OpenTelemetry context says which operation is current.

A span belongs to the branch where it started, wherever it ends. What is
recorded without a span belongs to the branch of the current span, or, where
another task or thread runs now, to a child of that branch. Outside any
operation each thread and each asyncio task has an ambient branch.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from contextvars import ContextVar, Token
from itertools import islice
from typing import TYPE_CHECKING, Any
from weakref import ref

from opentelemetry import context as otel_context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation import _SPAN_KEY

from . import runner
from .branch import Branch, find_branch_with_open, iterate_branches
from .open_block import OpenBlock, OpenBlocks
from .operation import Operation
from .ring import DEFAULT_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from opentelemetry.context import Context
    from opentelemetry.trace import SpanContext

# Of spans that no processor saw (unsampled ones, another SDK's), so many branches are kept.
MAX_UNSEEN_SPANS = 256
MAX_CHECKED_BRANCHES = 1000  # in a callback, for the task that it was called for

OPERATION_KEY = otel_context.create_key("otel_crumbs-operation")

_operation_branch: ContextVar[Branch | None] = ContextVar("otel_crumbs_operation_branch", default=None)
_ambient_branch: ContextVar[Branch | None] = ContextVar("otel_crumbs_ambient_branch", default=None)


def _find_fastest_getter() -> Callable[[], Context]:
    """Return the fastest function that returns the current context; by default a ContextVar of OpenTelemetry has it."""
    variable = getattr(otel_context._RUNTIME_CONTEXT, "_current_context", None)  # noqa: SLF001 - this way saves two calls
    return variable.get if isinstance(variable, ContextVar) else otel_context.get_current


get_context = _find_fastest_getter()
# For hot paths: the branch that this task or thread had last in an operation, and outside any.
get_operation_branch = _operation_branch.get
get_ambient_branch = _ambient_branch.get


# A token of the context, and the branches that were remembered.
Attached = tuple[Any, tuple[Branch | None, ...]]


class Current:
    """The tables that tell where a breadcrumb belongs; the process has one, `current`."""

    def __init__(self) -> None:
        self.size = DEFAULT_SIZE
        self._unseen: OrderedDict[int, Branch] = OrderedDict()
        self._thread = threading.local()
        self.open_blocks: OpenBlocks[OpenBlock] = OpenBlocks()
        # Of the main thread's own context, the tokens by which it can be rid of the variables.
        self._tokens: dict[ContextVar[Branch | None], Token[Branch | None]] = {}

    def reset(self) -> None:
        """Forget every span, branch and entry, as a forked child must."""
        self.forget_open_spans()
        self._thread = threading.local()
        _clear_variables()
        self.forget_named()

    def forget_named(self) -> None:
        """Forget the entries of operations that the context of a forked child may name still."""
        self._unseen.clear()
        for block in list(self.open_blocks.values()):
            if (opened := block()) is not None:
                opened.branch.clear()

    def clear_context(self) -> None:
        """
        Forget every span, branch and entry, and take the variables out of the context.

        Python takes a variable out of a context in one way: by the token of its
        first setting there, inside that context. So this is done for the main
        thread's own context. What other threads and tasks have, and copies of
        contexts that the application made, ends with them.
        """
        self.reset()
        tokens, self._tokens = self._tokens, {}
        for variable, token in tokens.items():
            # Where another context is current, the main thread's keeps the variable, empty or not.
            with suppress(ValueError):
                variable.reset(token)

    def find_branch(self) -> Branch:
        """Return the branch that a breadcrumb recorded right here belongs to."""
        # As get_current_span() and Branch.is_current(), without the calls: this runs at every note and line.
        span: Any = get_context().get(_SPAN_KEY)
        branch: Branch | None
        try:
            branch = get_ambient_branch() if span is None else span._events._otel_crumbs_branch  # noqa: SLF001 - see `open_spans`
            if type(branch) is ref:
                branch = branch()
        except (AttributeError, LookupError, TypeError):  # no processor saw the span, or it is of another kind
            branch = None
        if (
            branch is not None
            and not self.open_blocks
            and branch._runs_in == threading.get_ident()  # noqa: SLF001 - it is a friend
            and (
                runner.running_loop() is None
                if branch._task is None  # noqa: SLF001
                else (task := branch._task()) is not None and task is runner.current_task(task.get_loop())  # noqa: SLF001
            )
        ):
            return branch
        if span is None:
            return self.find_branch_at(None, None)
        span_context = span.get_span_context()
        return self.find_branch_at(span_context if span_context.is_valid else None, None)

    def find_branch_at(self, span_context: SpanContext | None, context: Context | None) -> Branch:
        """Return the branch of the code that runs here, under a span and in an OpenTelemetry context."""
        has_none = span_context is None and not self.open_blocks
        branch = None if has_none else self._find_branch_of_operation(span_context, context)
        return self._find_ambient() if branch is None else self._find_own(branch)

    def find_branch_of_task(self, task: Any) -> Branch:
        """
        Return the branch of a task in whose context this is called, whichever task or thread does so.

        Nothing is recorded there: a task that has left nothing sees what its starter did.
        """
        span_context = get_current_span().get_span_context()
        branch = self._find_branch_of_operation(span_context if span_context.is_valid else None, None)
        if branch is not None and branch.is_of_task(task):
            return branch
        remembered = _ambient_branch.get() if branch is None or branch.operation is None else _operation_branch.get()
        branch = branch or remembered
        if branch is None or remembered is None or remembered.root is not branch.root:
            return Branch(self.size, branch.operation if branch else None, branch)
        return remembered if remembered.is_of_task(task) else Branch(self.size, branch.operation, remembered)

    def find_branches_of_error(self, error: BaseException) -> tuple[Branch, ...]:
        """Return the branch of the code that runs here, and in a callback that of the task that failed as well."""
        branch = self.find_branch()
        if branch.parent is None or runner.running_loop() is None or runner.find_task() is not None:
            return (branch,)
        others = islice(branch.root.iterate_descendants(), MAX_CHECKED_BRANCHES)
        return (branch, *[other for other in others if other.has_failed_with(error)])

    def _find_branch_of_operation(self, span_context: SpanContext | None, context: Context | None) -> Branch | None:
        """Return the branch that a context names, None outside any span and block."""
        if self.open_blocks:
            block = self._find_block(span_context, context)
            if block is not None:
                return block.branch
        if span_context is None or span_context.is_remote:
            return None
        branch = _find_branch_of_span(context) or find_branch_with_open(span_context)
        return branch or self._find_branch_of_unseen(span_context)

    def open_block(self, branch: Branch, span_id: int, frame: FrameType | None = None) -> OpenBlock:
        """
        Return the object that a context holds while an operation block is open.

        Args:
            branch: The operation's branch.
            span_id: The span that is current, 0 for none.
            frame: The frame of the generator that opens it, None where no generator does.

        """
        running = self.open_blocks.find_running()
        around = self._find_named(None, running)
        if running and (around is None or not _includes(around.operation, running[0])):
            around = running[0]
        return self.open_blocks.add(OpenBlock(branch, span_id, around, frame))

    def make_inheritable(self) -> None:
        """Have the context name the block that is current here: it is about to be copied for a task."""
        if not self.open_blocks:
            return
        running = self.open_blocks.find_running()
        named, known = self._find_named(None, running), otel_context.get_value(OPERATION_KEY)
        span_context = get_current_span().get_span_context()
        block = self._find_block(span_context if span_context.is_valid else None, None)
        if running and block is running[0] and block is not named:
            named = OpenBlock(self._find_own(block.branch), span_context.span_id, named)
            named.stays = False
            self.open_blocks.add(named)
        if named is not known:
            otel_context.attach(otel_context.set_value(OPERATION_KEY, named))

    def begin(self, operation: Operation, root_context: SpanContext | None = None) -> Branch:
        """Return the first branch of a new operation, with the context of the span that has opened it, if one has."""
        branch = Branch(self.size, operation)
        branch.root_context = root_context
        # The body of _set() without the call: every request begins an operation.
        token = _operation_branch.set(branch)
        if token.old_value is runner.NO_VALUE and runner.is_in_main_program():
            self._tokens.setdefault(_operation_branch, token)
        return branch

    def forget_operation(self, block: OpenBlock, remembered: Branch | None) -> None:
        """Remember what was remembered before an operation block, which is closed."""
        here = _operation_branch.get()
        if here is not None and here.operation is block.operation:
            self._set(_operation_branch, remembered)

    def attach_branch(self, branch: Branch) -> Attached:
        """
        Let everything that this code records belong to a branch of other work.

        Returns:
            What ends it, by `release_branch`.

        """
        variables = (_operation_branch.get(), _ambient_branch.get())
        block = self.open_block(branch, get_current_span().get_span_context().span_id)
        return otel_context.attach(otel_context.set_value(OPERATION_KEY, block)), variables

    def release_branch(self, attached: Attached) -> None:
        """Go on with the work of before."""
        token, variables = attached
        otel_context.detach(token)
        for variable, before in zip((_operation_branch, _ambient_branch), variables, strict=True):
            if variable.get() is not before:
                variable.set(before)

    def continue_in(self, branch: Branch) -> None:
        """Let the entries that come next outside any operation belong to one that has ended."""
        if branch.is_current():
            _ambient_branch.set(branch)

    def continue_after(self, branch: Branch) -> Token[Branch | None]:
        """
        Let the entries that come next outside any operation belong to one that has ended.

        Returns:
            What ends it, by `stop_continuing`.

        """
        return _ambient_branch.set(branch)

    def stop_continuing(self, token: Token[Branch | None]) -> None:
        """Go on outside any operation."""
        with suppress(ValueError):  # it goes on in another context
            _ambient_branch.reset(token)

    def begin_job(self, submitter: Branch | None) -> None:
        """Begin a job in a thread of a pool: jobs are siblings, though they share the thread."""
        self._thread.in_job = True
        self._thread.submitter = None if submitter is None else ref(submitter)
        _clear_variables()

    def forget_open_spans(self) -> None:
        """Forget which spans are open: they are as spans that no processor saw."""
        for branch in iterate_branches():
            branch.forget_open_spans()

    def _find_block(self, span_context: SpanContext | None, context: Context | None) -> OpenBlock | None:
        """Return the block of the code that runs here; None where it is in none, or in a span that is in one."""
        running = self.open_blocks.find_running()
        block = self._find_named(context, running)
        if block is not None and block.span_id != (span_context.span_id if span_context else 0):
            block = None
        if running:
            operation = block.operation if block is not None else _find_operation_of_span(span_context, context)
            if not _includes(operation, running[0]):
                return running[0]
        return block

    def _find_named(self, context: Context | None, running: list[OpenBlock]) -> OpenBlock | None:
        """Return the block that a context names, or the one around it where that is left."""
        block = otel_context.get_value(OPERATION_KEY, context)
        while isinstance(block, OpenBlock) and (block.is_left(running) or self._is_left_by_submitter(block)):
            block = block.around
        return block if isinstance(block, OpenBlock) else None

    def _is_left_by_submitter(self, block: OpenBlock) -> bool:
        """Return whether this is a job of a thread pool, and whoever submitted it was not in a generator's block."""
        if block.stays or runner.find_task() is not None:
            return False
        submitter: ref[Branch] | None = getattr(self._thread, "submitter", None)
        branch = submitter() if submitter is not None else None
        return branch is not None and not _includes(branch.operation, block)

    def _find_own(self, branch: Branch) -> Branch:
        if branch.is_current():
            return branch
        remembered = _ambient_branch if branch.operation is None else _operation_branch
        here = remembered.get()
        if here is not None and here.root is branch.root and here.is_current():
            return here
        child = Branch(self.size, branch.operation, self._find_parent(branch, here))
        self._set(remembered, child)
        return child

    def _find_parent(self, branch: Branch, here: Branch | None) -> Branch:
        """Return the parent of a new branch: the span's branch, or one below it that started the current code."""
        # A task copies the variables of what started it, and a job of a pool knows who submitted it.
        submitter: ref[Branch] | None = getattr(self._thread, "submitter", None)
        for starter in (submitter() if submitter is not None else None, here):
            if starter is not None and branch in starter.iterate_lineage():
                return starter
        return branch

    def _find_ambient(self) -> Branch:
        here = _ambient_branch.get()
        if here is None:
            here = (
                self._begin_branch_of_job() if getattr(self._thread, "in_job", False) else self._get_branch_of_thread()
            )
        return here if here.is_current() else self._find_own(here)

    def _begin_branch_of_job(self) -> Branch:
        branch = Branch(self.size, None, self._get_branch_of_thread())
        _ambient_branch.set(branch)
        return branch

    def _get_branch_of_thread(self) -> Branch:
        """Return the parent of all of a thread's ambient tasks, whose exceptions end up in the thread."""
        here: Branch | None = getattr(self._thread, "branch", None)
        if here is None:
            here = self._thread.branch = Branch(self.size, of_thread=True)
        self._set(_ambient_branch, here)
        return here

    def _find_branch_of_unseen(self, span_context: SpanContext) -> Branch:
        here = _operation_branch.get()
        if here is not None and here.operation is not None and here.operation.trace_id == span_context.trace_id:
            return here  # its span has ended, the work goes on
        branch = self._unseen.get(span_context.span_id)
        if branch is None:
            branch = self.begin(Operation(span_context.trace_id, span_context.span_id))
            self._unseen[span_context.span_id] = branch
            while len(self._unseen) > MAX_UNSEEN_SPANS:
                self._unseen.popitem(last=False)
        return branch

    def _set(self, variable: ContextVar[Branch | None], branch: Branch | None) -> None:
        token = variable.set(branch)
        # A token keeps its context alive, and with it objects of the application: the main thread's lives anyway.
        if token.old_value is runner.NO_VALUE and runner.is_in_main_program():
            self._tokens.setdefault(variable, token)


def _includes(operation: Operation | None, block: OpenBlock) -> bool:
    """Return whether an operation is that of a block, or lies in it."""
    return operation is not None and block.operation is not None and operation.includes(block.operation.number)


def _find_operation_of_span(span_context: SpanContext | None, context: Context | None) -> Operation | None:
    if span_context is None or span_context.is_remote:
        return None
    branch = _find_branch_of_span(context) or find_branch_with_open(span_context)
    return None if branch is None else branch.operation


def _find_branch_of_span(context: Context | None) -> Branch | None:
    """Return the branch where the span of a context started; None where no processor saw it, or it has ended."""
    span = (get_context() if context is None else context).get(_SPAN_KEY)
    try:
        branch = span._events._otel_crumbs_branch  # type: ignore[attr-defined]  # noqa: SLF001 - see `open_spans`
        if type(branch) is ref:
            branch = branch()
    except (AttributeError, LookupError, TypeError):
        return None
    return branch if isinstance(branch, Branch) else None


def _clear_variables() -> None:
    """Let the variables of the current context hold nothing; one that is not set stays so."""
    for variable in (_operation_branch, _ambient_branch):
        if variable.get() is not None:
            variable.set(None)


current = Current()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=current.reset)
