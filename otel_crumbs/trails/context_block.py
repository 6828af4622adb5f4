"""
The context block: what the application says its work is for, while a block or an operation lasts.

The OpenTelemetry context names the block, so that whatever carries the context
along has its attributes: tasks, threads, copies. Nothing looks at it before an
error is captured. In a generator it is there while the generator runs, as an
operation block is (see `open_block`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, TypeVar

from opentelemetry import context as otel_context
from opentelemetry.trace import get_current_span

from otel_crumbs.base.guard import guarded, warn

from .branch import Branch
from .context_attributes import (
    ContextAttributes,
    add_attributes,
    assign_numbers,
    merge_attributes,
    read_attributes,
)
from .current_branch import current, get_context
from .exception_mark import ExceptionMark, iterate_chain, mark_exception, mark_of
from .open_block import Block, OpenBlocks
from .operation import Operation
from .operation_block import on_failure
from .operation_wrappers import wrap_callable

F = TypeVar("F", bound=Callable[..., Any])

CONTEXT_KEY = otel_context.create_key("otel_crumbs-context")

_runtime_context: Any = getattr(otel_context, "_RUNTIME_CONTEXT", otel_context)
# They end a generator, and are no failures.
_ENDS = (GeneratorExit, StopIteration, StopAsyncIteration)


class OpenContext:
    """
    The attributes of a context block and of those around it, as the OpenTelemetry context names them.

    Args:
        attributes: Of this block.
        around: The block around it.
        frame: The frame of the generator that has it open, None where no generator does.

    """

    __slots__ = ("__weakref__", "_branch", "around", "attributes", "context", "frame", "outer", "stays", "token")

    def __init__(self, attributes: ContextAttributes, around: OpenContext | None, frame: FrameType | None) -> None:
        self.attributes: ContextAttributes = attributes if around is None else {**around.attributes, **attributes}
        self.around = around
        self.frame = frame
        # Whether it is current all the time in the context in which it was opened.
        self.stays = frame is None
        # Where it was opened.
        self._branch = current.find_branch().me
        self.outer = otel_context.get_current()
        self.context = otel_context.set_value(CONTEXT_KEY, self)
        self.token: Any = otel_context.attach(self.context)

    def iterate_around(self) -> Iterator[OpenContext]:
        """Iterate over this block and those around it."""
        block: OpenContext | None = self
        while block is not None:
            yield block
            block = block.around

    def is_here(self) -> bool:
        """Return whether it was opened in the thread or task that runs now."""
        branch = self._branch()
        return branch is not None and branch.is_current()

    def is_left(self, running: list[OpenContext]) -> bool:
        """Return whether the block is not current here, although the context names it."""
        if self.stays or not self.is_here():
            return False
        return all(self not in other.iterate_around() for other in running)

    def end(self) -> None:
        """Bring back the context in which the block was opened, as far as it is current here."""
        open_contexts.close(self)
        here = get_context()
        if here is self.context and self._reset():
            return
        self.stays = False
        if here is self.context:
            otel_context.attach(self.outer)
        elif here.get(CONTEXT_KEY) is self:
            otel_context.attach(otel_context.set_value(CONTEXT_KEY, self.around))

    def _reset(self) -> bool:
        try:
            _runtime_context.detach(self.token)
        except (ValueError, RuntimeError):  # it is a copy of the context in which the block was opened
            return False
        return True


# Those of generators alone: the others are current wherever the context names them.
open_contexts: OpenBlocks[OpenContext] = OpenBlocks()


class ContextBlock(Block):
    """
    A block that can be entered, again and again, by any thread, task and generator.

    Args:
        attributes: As `read_attributes` returns them.
        generator: The frame of the generator that a decorated function's call made.

    """

    def __init__(self, attributes: dict[str, Any], generator: FrameType | None = None) -> None:
        self._attributes = attributes
        self._generator = generator
        self._opened: list[OpenContext] = []

    @guarded("opening a context block")
    def _open(self, frame: FrameType | None) -> None:
        generator = self._find_generator(frame)
        opened = OpenContext(assign_numbers(self._attributes), find_open_context(), generator)
        if generator is not None:
            open_contexts.add(opened)
        self._opened.append(opened)

    @guarded("closing a context block")
    def _close(self, error: BaseException | None) -> None:
        if not self._opened:
            return
        opened = self._find_opened()
        self._opened.remove(opened)
        try:
            if error is not None and not issubclass(type(error), _ENDS):
                _mark_error(error, opened.attributes)
        finally:
            opened.end()

    def _find_opened(self) -> OpenContext:
        """Return the block that is left now: of the generator that runs, or else of this task or thread."""
        if len(self._opened) == 1:
            return self._opened[0]
        for block in open_contexts.find_running():
            if block in self._opened:
                return block
        here = [opened for opened in self._opened if opened.is_here()]
        return (here or self._opened)[-1]


class context(ContextBlock):  # noqa: N801 - used as a context manager and decorator, like contextlib's
    """
    Says what the work is for: a user, a tenant, an order.

    A context manager, plain or async: for the block. A decorator: for each call
    of a function, as `otel_crumbs.operation` is one. A call alone, as a
    statement: until the operation ends in which it is made; outside any it is
    for nothing, with a warning.

    The attributes are in every event of the work, whichever tasks and threads
    it goes on in, and those that an inner block gives are used inside it.

    Args:
        attributes: Strings, numbers, booleans, or lists and dictionaries of
            these; None takes an attribute away. A dictionary stands for attributes with
            dotted names: ``order={"id": 7}`` for ``order.id``. ``user``, ``user_id``,
            ``user_name``, ``user_email``, ``user_full_name``, ``user_hash`` and
            ``user_roles`` have OpenTelemetry's `names
            <https://opentelemetry.io/docs/specs/semconv/registry/attributes/user/>`_:
            ``user.id`` and so on. What cannot be used is left out, with a warning.

    Example:
        >>> with context(user_id=7, tenant="acme"):
        ...     record("order placed", category="shop")

    """

    def __init__(self, **attributes: Any) -> None:
        super().__init__(_read_safely(attributes) or {})
        self._operation: Operation | None = None
        self._is_used = False
        # What the operation had under the same names.
        self._before: ContextAttributes = {}
        self._given: ContextAttributes = {}
        self._add_to_operation()

    def __call__(self, function: F) -> F:
        """Return the function with the attributes in every call of it."""
        self._take_from_operation()
        attributes = self._attributes
        return wrap_callable(function, lambda generator=None: ContextBlock(attributes, generator))

    @guarded("a call of otel_crumbs.context() alone was looked at")
    def __del__(self) -> None:
        """Warn of a call alone that is for nothing."""
        # Nobody is warned where nothing would be reported.
        if on_failure and not getattr(self, "_is_used", True) and self._operation is None and self._attributes:
            warn(
                "context alone",
                "otel_crumbs.context() was called outside any operation, and is for nothing. "
                "Remedy: `with otel_crumbs.context(...):`, or an operation around it.",
            )

    def _open(self, frame: FrameType | None) -> None:
        self._take_from_operation()
        super()._open(frame)

    @guarded("an operation was given its context")
    def _add_to_operation(self) -> None:
        operation = current.find_branch().operation
        if operation is None or not self._attributes:
            return
        if operation.context is None:
            operation.context = {}
        given = assign_numbers(self._attributes)
        self._before = {name: operation.context[name] for name in given if name in operation.context}
        add_attributes(operation.context, given)
        self._operation, self._given = operation, given

    @guarded("an operation's context was put back")
    def _take_from_operation(self) -> None:
        """Have the attributes be for what uses this object, and not for the operation in which it was made."""
        operation, self._operation, self._is_used = self._operation, None, True
        if operation is None or operation.context is None:
            return
        for name, numbered in self._given.items():
            if operation.context.get(name) is not numbered:
                continue
            if name in self._before:
                operation.context[name] = self._before[name]
            else:
                operation.context.pop(name, None)


@guarded("the attributes of a context were read")
def _read_safely(attributes: dict[str, Any]) -> dict[str, Any]:
    return read_attributes(attributes)


def find_open_context() -> OpenContext | None:
    """Return the block that is current for the code that runs here, None outside any."""
    running = open_contexts.find_running()
    named: Any = get_context().get(CONTEXT_KEY)
    while isinstance(named, OpenContext) and named.is_left(running):
        named = named.around
    block = named if isinstance(named, OpenContext) else None
    if running and (block is None or running[0] not in block.iterate_around()):
        return running[0]
    return block


def find_context_attributes(
    branch: Branch, error: BaseException | None = None, *, is_elsewhere: bool = False
) -> dict[str, Any]:
    """
    Return the attributes of failed work, as the application gave them.

    Args:
        branch: Where it failed.
        error: The exception.
        is_elsewhere: Whether the code that runs here has nothing to do with it.

    """
    operation = branch.operation
    parts = [operation.context] if operation is not None and operation.context is not None else []
    own = None if error is None else mark_of(error)
    for each in () if error is None else iterate_chain(error):
        mark = mark_of(each)
        if mark is not None and mark.attributes is not None and (mark is own or _is_of(mark, operation)):
            parts.append(mark.attributes)
    if not is_elsewhere and (own is None or own.attributes is None):
        here, block = current.find_branch().operation, find_open_context()
        if block is not None and (here is None or operation is None or operation.includes(here.number)):
            parts.append(block.attributes)
    return merge_attributes(parts)


def remember_context(mark: ExceptionMark) -> None:
    """Have an exception keep the attributes of the code that runs here."""
    block = find_open_context()
    if block is not None and mark.attributes is None:
        mark.attributes = block.attributes


def _mark_error(error: BaseException, attributes: ContextAttributes) -> None:
    span_context = get_current_span().get_span_context()
    mark = mark_exception(error, current.find_branch(), span_context if span_context.is_valid else None)
    if mark.attributes is None:
        mark.attributes = attributes


def _is_of(mark: ExceptionMark, operation: Operation | None) -> bool:
    return mark.branch is not None and mark.branch.operation is operation
