"""
The stacks of threads while they run, in the form in which an exception has its own.

A hang raises nothing. Its event has the place where the thread hangs as a traceback,
and the other threads as notes, for one of them may hold what the thread waits for.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from itertools import islice
from types import FrameType, TracebackType
from typing import Any

from otel_crumbs.base import threads
from otel_crumbs.trails import Branch

# Of each other thread the innermost frames: a note is cut after two thousand characters anyway.
_MAX_FRAMES = 20
# An exception has sixteen notes.
_MAX_THREADS = 12
_MAX_AWAITED = 100


def make_traceback_of_branch(branch: Branch) -> TracebackType | None:
    """Return the traceback of the place where a branch's thread or task is right now."""
    if branch.task is None:
        return make_traceback(find_frame(branch.thread))
    frames = [*_iterate_awaited(branch.task.get_coro())]
    for frame in sys._current_frames().values():  # noqa: SLF001 - public in all but name
        if frames and frames[0] in iterate_outwards(frame):
            return make_traceback(frame)
    made: TracebackType | None = None
    for frame in reversed(frames):
        made = TracebackType(made, frame, frame.f_lasti, frame.f_lineno or 1)
    return made


def find_frame(thread: int) -> FrameType | None:
    """Return the innermost frame of a thread, None where it runs no Python code."""
    return sys._current_frames().get(thread)  # noqa: SLF001 - public in all but name


def make_traceback(frame: FrameType | None) -> TracebackType | None:
    """Return the traceback that an exception would have which had come up through a frame and those around it."""
    made: TracebackType | None = None
    for each in iterate_outwards(frame):
        made = TracebackType(made, each, each.f_lasti, each.f_lineno or 1)
    return made


def describe_threads(shown: int) -> list[str]:
    """Return the stacks of the process's threads as texts, but for the one that is shown and those of this package."""
    # The function `threading.enumerate` takes a lock, which the code below a signal handler may have.
    known = dict(threading._active)  # type: ignore[attr-defined]  # noqa: SLF001 - see the line before
    found: list[str] = []
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 - public in all but name
        name = known[ident].name if ident in known else hex(ident)
        if ident in {shown, threading.get_ident()} or len(found) >= _MAX_THREADS or _is_own(name, frame):
            continue
        # Without source lines, which would have to be read: the process may have a second left.
        lines = [
            f'  File "{each.f_code.co_filename}", line {each.f_lineno}, in {each.f_code.co_name}'
            for each in islice(iterate_outwards(frame), _MAX_FRAMES)
        ]
        found.append("\n".join([f"Thread {name}, innermost frame first:", *lines]))
    return found


def _iterate_awaited(coroutine: Any) -> Iterator[FrameType]:
    """Iterate over the frames of a coroutine and those that it awaits, outermost first."""
    for _ in range(_MAX_AWAITED):
        frame = getattr(coroutine, "cr_frame", None)
        if frame is None:
            return
        yield frame
        coroutine = coroutine.cr_await


def iterate_outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Iterate over a frame and those around it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def select_threads(stacks: str) -> list[str]:
    """Return the stacks of the threads that `faulthandler` wrote into a text, but for those of this package."""
    blocks = stacks.split("\n\n")
    return [block.strip() for block in blocks if threads.__file__ not in block and block.strip()][:_MAX_THREADS]


def _is_own(name: str, frame: FrameType) -> bool:
    *_, outermost = iterate_outwards(frame)
    return name.startswith("otel_crumbs ") or outermost.f_globals.get("__name__") == threads.__name__
