"""The application's source where it failed, for who reads the event far from the code."""

from __future__ import annotations

import linecache
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.plain import to_text

from .app_frames import is_in_app, shorten_path
from .model import ExceptionInfo, Frame

# So many of the innermost frames, with so many lines around each.
MAX_FRAMES = 3
LINES_AROUND = 3
# Longer lines are data, or minified.
_MAX_LINE = 160
# Of the frames that trackers show with their source: so many have some, each so many lines before and after its own.
MAX_FRAMES_WITH_LINES, LINES_OF_FRAME = 100, 5
MAX_LINE_OF_FRAME = 256
# In bytes. No source is as long, and what is generated is not read.
_MAX_FILE = 16 * 1024 * 1024


def format_source(frames: Sequence[Frame]) -> str:
    """
    Return the lines around those where the application's innermost frames are, the innermost frame last.

    Args:
        frames: Of this machine, outermost first.

    Returns:
        A text; empty where no file is found.

    """
    blocks: list[str] = []
    # A recursion is at the same line again.
    for frame in filter(is_in_app, dict.fromkeys(reversed(frames))):
        block = _format_frame(frame)
        if block:
            blocks.append(block)
        if len(blocks) == MAX_FRAMES:
            break
    return "\n\n".join(reversed(blocks))


def add_source_lines(infos: Sequence[ExceptionInfo], change: Callable[[str], str] = str) -> tuple[ExceptionInfo, ...]:
    """
    Return exceptions whose frames have the source around their lines, as it is now.

    Args:
        infos: Of this process; of many frames the innermost ones of the first have source.
        change: Changes each line, before it is cut.

    """
    left = MAX_FRAMES_WITH_LINES
    found: list[ExceptionInfo] = []
    for info in infos:
        innermost = info.frames[max(0, len(info.frames) - left) :]
        others = info.frames[: len(info.frames) - len(innermost)]
        left -= len(innermost)
        found.append(replace(info, frames=(*others, *(_add_lines(frame, change) for frame in innermost))))
    return tuple(found)


def _add_lines(frame: Frame, change: Callable[[str], str]) -> Frame:
    lines = read_lines(frame.path)
    if not 0 < frame.line <= len(lines):
        return frame
    first = max(1, frame.line - LINES_OF_FRAME)
    around = lines[first - 1 : frame.line + LINES_OF_FRAME]
    shown = tuple(to_text(change(line.rstrip()), MAX_LINE_OF_FRAME) for line in around)
    return replace(frame, lines=shown, first_line=first)


def _format_frame(frame: Frame) -> str:
    lines = read_lines(frame.path)
    if not 0 < frame.line <= len(lines):
        return ""
    first = max(1, frame.line - LINES_AROUND)
    numbered = [
        f"{'>' if number == frame.line else ' '} {number:>4}  {to_text(line.rstrip(), _MAX_LINE)}".rstrip()
        for number, line in enumerate(lines[first - 1 : frame.line + LINES_AROUND], first)
    ]
    return "\n".join([f"{shorten_path(frame)}, line {frame.line}, in {frame.function}", *numbered])


def is_readable(path: str) -> bool:
    """
    Return whether a source may be read: not from a pipe or a device, nor from a file that has no end.

    One that is in no file is: the loader of its module may have it. A file without a
    size has no line, or is one of /proc, of which some keep the reader waiting.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - for each frame, in a third of the time
    except (OSError, ValueError):
        return True
    return stat.S_ISREG(found.st_mode) and 0 < found.st_size <= _MAX_FILE


def read_lines(path: str) -> list[str]:
    """Return the lines of a source file, none where there is none."""
    try:
        return linecache.getlines(path) if is_readable(path) else []
    except BaseException as error:
        # It calls import hooks of the application.
        if is_thrown_in(error):
            raise
        return []


def read_line(path: str, number: int) -> str | None:
    """Return a line of a source file without its end, None where there is none."""
    lines = read_lines(path)
    return lines[number - 1].rstrip() if 0 < number <= len(lines) else None
