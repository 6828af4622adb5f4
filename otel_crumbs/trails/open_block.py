"""
Open blocks: the operation blocks that a context names, and those that a generator has open.

The OpenTelemetry context names the block that is current, and whatever copies
the context stays in it. A generator has no context of its own: between two
steps, whoever runs it goes on in a context that names the generator's block.
So such a block is known by the frame of its generator as well. In the context
in which it was opened it is current while that frame is in the stack, and
wherever the frame is in the stack, whichever context that has.
"""

from __future__ import annotations

import inspect
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar
from weakref import ref

from typing_extensions import Self

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from .branch import Branch
    from .operation import Operation

_GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
# Who makes a context manager, or a fixture, of a generator: the block is for the code that runs while it is suspended.
_SUSPENDERS = frozenset({"contextlib", "contextlib2", "_pytest.fixtures", "pytest_asyncio.plugin"})
# The functions that enter a context manager for somebody else.
_ENTERING = frozenset({"__enter__", "__aenter__", "enter_context", "enter_async_context"})
# Of a deeper stack the innermost frames are looked at.
_MAX_FRAMES = 1000


class OpenBlock:
    """
    The first branch of an operation block, as the OpenTelemetry context names it.

    It lives as long as a context does that names it: beyond the block itself,
    where a task goes on that was started in it.

    Args:
        branch: The operation's branch in which the block was opened.
        span_id: The span that was current when the block was opened, 0 for none.
            Below another span its own branch counts.
        around: The block around it.
        frame: The frame of the generator that has it open, None where no generator does.

    """

    __slots__ = ("__weakref__", "around", "branch", "frame", "span_id", "stays")

    def __init__(
        self, branch: Branch, span_id: int, around: OpenBlock | None = None, frame: FrameType | None = None
    ) -> None:
        self.branch = branch
        self.span_id = span_id
        self.around = around
        self.frame = frame
        # Whether it is current all the time in the context in which it was opened.
        self.stays = frame is None

    @property
    def operation(self) -> Operation | None:
        """The operation."""
        return self.branch.operation

    def is_left(self, running: list[OpenBlock]) -> bool:
        """Return whether the block is not current here, although the context names it."""
        if self.stays or not self.branch.is_current():
            return False
        return all(other.operation is not self.operation for other in running)


class GeneratorBlock(Protocol):
    """A block that a generator may have open."""

    frame: FrameType | None
    around: Any


B = TypeVar("B", bound=GeneratorBlock)


class OpenBlocks(dict[int, "ref[B]"], Generic[B]):
    """The blocks of one kind that a context may name, by their ids; falsy where nobody need look for one."""

    __slots__ = ("_of_generators",)

    def __init__(self) -> None:
        super().__init__()
        # By the ids of the frames of their generators.
        self._of_generators: dict[int, ref[B]] = {}

    def clear(self) -> None:
        """Forget every block."""
        super().clear()
        self._of_generators.clear()

    def add(self, block: B) -> B:
        """Add a block, and return it."""
        # The callback runs in C as a whole: what a signal handler throws into one in Python, Python swallows.
        self[id(block)] = ref(block, partial(self.pop, id(block)))
        if block.frame is not None:
            key = id(block.frame)
            self._of_generators[key] = ref(block, partial(self._of_generators.pop, key))
        return block

    def close(self, block: B) -> None:
        """Have a generator's block be current no more, except where a task goes on that was started in it."""
        frame, block.frame = block.frame, None
        if frame is None:
            return
        known = self._of_generators.get(id(frame))
        if known is not None and known() is block:
            del self._of_generators[id(frame)]
            # A generator may have several open, one inside another.
            around = block.around
            if around is not None and around.frame is frame:
                self._of_generators[id(frame)] = ref(around, partial(self._of_generators.pop, id(frame)))

    def find_running(self) -> list[B]:
        """Return the blocks of the generators that are in the stack, the innermost first."""
        found: list[B] = []
        of_generators = self._of_generators
        if not of_generators:
            return found
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - public in all but name
        for _ in range(_MAX_FRAMES):
            if frame is None:
                break
            known = of_generators.get(id(frame))
            block = None if known is None else known()
            # Another frame may have got the address of one that is gone.
            if block is not None and block.frame is frame:
                found.append(block)
            frame = frame.f_back
        return found


class Block:
    """
    A block that can be entered, plain or async, again and again, by any thread, task and generator.

    Who derives from it opens and closes it; neither may raise.
    """

    # Of a decorated function's call: the frame of the generator that it made.
    _generator: FrameType | None = None

    def __enter__(self) -> Self:
        """Open the block."""
        self._open(sys._getframe(1))  # noqa: SLF001 - public in all but name
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the block, and let an exception that leaves it pass."""
        self._close(error)

    async def __aenter__(self) -> Self:
        """Open the block in the running task."""
        self._open(sys._getframe(1))  # noqa: SLF001 - public in all but name
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the block, and let an exception that leaves it pass."""
        self._close(error)

    def _open(self, frame: FrameType | None) -> object:
        """Open the block in a frame."""
        raise NotImplementedError

    def _close(self, error: BaseException | None) -> object:
        """Close the block, which an exception may be leaving."""
        raise NotImplementedError

    def _find_generator(self, frame: FrameType | None) -> FrameType | None:
        """Return the frame of the generator that opens the block, None where no generator does."""
        found = find_generator(frame)
        # Closing it may run its code without the frame of what wraps it in the stack.
        return found if found is None else self._generator or found


T = TypeVar("T", bound=Block)


def find_generator(frame: FrameType | None) -> FrameType | None:
    """
    Return the frame of the generator that has a block open, None where no generator does.

    Args:
        frame: Enters the block: by itself, or for the code that called it.

    """
    while frame is not None:
        if _is_generator(frame):
            driver = _find_driver(frame)
            if driver is None or driver.f_globals.get("__name__") not in _SUSPENDERS:
                return frame
            frame = driver
        elif not (frame.f_code.co_name in _ENTERING or frame.f_globals.get("__name__") in _SUSPENDERS):
            return None
        frame = frame.f_back
    return None


def _is_generator(frame: FrameType) -> bool:
    flags = frame.f_code.co_flags
    return bool(flags & _GENERATOR) and not flags & inspect.CO_ITERABLE_COROUTINE


def _find_driver(frame: FrameType) -> FrameType | None:
    """Return the frame that runs a generator, and any generators that run it in turn."""
    driver = frame.f_back
    while driver is not None and _is_generator(driver):
        driver = driver.f_back
    return driver
