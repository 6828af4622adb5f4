"""
Both ends of a traceback: its outermost and its innermost frames, read at a cost that hardly grows with its depth.

A recursion error has as many frames as the interpreter allows, and nobody reads
those between. They are passed over a hundred at a time, in C, and counted.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from traceback import FrameSummary, StackSummary
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

# Python has one line for a line that calls itself again and again: frames are compared for that up to this depth.
MAX_COMPARED = 10_000

_HOP = 100
_hop: Callable[[TracebackType], TracebackType | None] = attrgetter(".".join(["tb_next"] * _HOP))
# What the text of a frame is made of, and how many texts are kept.
_FRAME_KEY = ("filename", "lineno", "end_lineno", "colno", "end_colno", "name", "line")
_MAX_FRAME_TEXTS = 1000
_frame_texts: dict[tuple[Any, ...], str] = {}
# `traceback` shows a line three times before it counts.
_SHOWN, _REPEATED = 3, re.compile(r"repeated (\d+) more times?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TracebackFrames:
    """
    The outermost and the innermost frames of a traceback.

    Args:
        outer: Entries of the traceback, outermost first: all where they are few.
        inner: The innermost ones where there are more.
        between: How many are left out.
        repeats: Whether these are the same line as those beside them.

    """

    outer: Sequence[TracebackType]
    inner: Sequence[TracebackType] = ()
    between: int = 0
    repeats: bool = False


def find_frames(traceback: TracebackType | None, limit: int) -> TracebackFrames:
    """Return at most *limit* entries of a traceback, of both ends."""
    half = limit // 2
    outer: list[TracebackType] = []
    while traceback is not None and len(outer) < half:
        outer.append(traceback)
        traceback = traceback.tb_next
    if traceback is None:
        return TracebackFrames(outer=outer)
    count, inner = find_innermost(traceback, half)
    between = count - len(inner)
    repeats = 0 < between <= MAX_COMPARED and _is_repeated(outer[-1], between)
    return TracebackFrames(outer=outer, inner=inner, between=between, repeats=repeats)


def find_innermost(traceback: TracebackType, limit: int) -> tuple[int, list[TracebackType]]:
    """Return how many entries a traceback has, and the last ones, at most *limit*."""
    entries: list[TracebackType] = []
    entry: TracebackType | None = traceback
    while entry is not None and len(entries) < _HOP:
        entries.append(entry)
        entry = entry.tb_next
    if entry is None:
        return len(entries), entries[-limit:]
    starts = deque([traceback], maxlen=limit // _HOP + 2)
    passed = 0
    try:
        while (ahead := _hop(starts[-1])) is not None:
            passed += len(starts) == starts.maxlen
            starts.append(ahead)
    except AttributeError:
        pass  # the end comes before the next hundred
    entries, entry = [], starts[0]
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    return passed * _HOP + len(entries), entries[-limit:]


def keep_both_ends(frames: Sequence[T], limit: int) -> Sequence[T]:
    """Return at most *limit* frames: the outermost and the innermost, which say more than those between."""
    half = limit // 2
    return frames if len(frames) <= limit else [*frames[:half], *frames[-half:]]


class FramesText(StackSummary):
    """
    Frames whose texts are made once: the next error comes from the same lines.

    Python parses a frame's line to mark what failed there, which takes longer
    than the rest of an event (since 3.11; before that there are no marks).
    """

    def format_frame_summary(self, frame_summary: FrameSummary, **kwargs: Any) -> str:
        """Return the lines of a frame."""
        key = (*map(frame_summary.__getattribute__, _FRAME_KEY), *kwargs.items())
        known = _frame_texts.get(key)
        if known is None:
            known = super().format_frame_summary(frame_summary, **kwargs)  # type: ignore[misc]  # Python 3.10 never asks
            if len(_frame_texts) >= _MAX_FRAME_TEXTS:
                _frame_texts.clear()
            _frame_texts[key] = known
        return known


class StackText(FramesText):
    """
    Frames of which some are left out, which their text counts as Python does.

    Args:
        frames: Those that are left.
        outer: How many of these stand before those that are left out.
        between: How many were left out.
        repeats: Whether these repeat the line before.

    """

    def __init__(self, frames: Iterable[FrameSummary], *, outer: int, between: int, repeats: bool) -> None:
        super().__init__(frames)
        self._outer = outer
        self._between = between
        self._repeats = repeats

    def format(self, **kwargs: Any) -> list[str]:
        """Return the lines of the frames."""
        if not self._repeats:
            before, after = FramesText(self[: self._outer]), FramesText(self[self._outer :])
            between = f"  [{self._between} more frames]\n"
            return [*before.format(**kwargs), between, *after.format(**kwargs)]
        # So that the line is one that Python counts, which it says in one line for all.
        added = [self[self._outer - 1]] * (_SHOWN + 1)
        lines = FramesText([*self[: self._outer], *added, *self[self._outer :]]).format(**kwargs)
        return _add_to_count(lines, self._find_counter(added), self._between - len(added))

    def _find_counter(self, added: list[FrameSummary]) -> int:
        """Return which of the lines that count is the one for the frames that are left out."""
        lines = [(frame.filename, frame.lineno, frame.name) for frame in (*self[: self._outer], *added)]
        return sum(len([*group]) > _SHOWN for _, group in groupby(lines)) - 1


def _add_to_count(lines: list[str], counter: int, more: int) -> list[str]:
    counters = [index for index, line in enumerate(lines) if line.startswith("  [Previous line repeated ")]
    index = counters[counter]
    lines[index] = _REPEATED.sub(lambda found: f"repeated {int(found[1]) + more} more times", lines[index])
    return lines


def _is_repeated(before: TracebackType, count: int) -> bool:
    """Return whether the entries after one are of the same line: it calls itself again and again."""
    code, last = before.tb_frame.f_code, before.tb_lasti
    entry: Any = before
    for _ in range(count + 1):
        entry = entry.tb_next
        if entry.tb_lasti != last or entry.tb_frame.f_code is not code:
            return False
    return True
