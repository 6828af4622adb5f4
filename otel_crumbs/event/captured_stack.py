"""
The stack of one exception, as it was captured: where its code was, and nothing of its frames.

Frames hold the variables of the application, and what is to be shown of them
takes ten times as long to make as this: the worker does that.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from traceback import FrameSummary
from types import CodeType, TracebackType
from typing import Any, NamedTuple

from otel_crumbs.base.plain import to_text

from .app_frames import is_in_app
from .frame_locals import MAX_FRAMES as MAX_FRAMES_WITH_LOCALS
from .frame_locals import LocalsReader
from .model import Frame
from .source_lines import is_readable
from .traceback_reader import FramesText, StackText, find_frames, keep_both_ends

# A recursion error repeats the same frames a thousand times; both ends matter.
MAX_FRAMES = 100
# The text has more, for who reads the whole story; with long paths too it is not cut in the middle of a frame.
_MAX_TEXT_FRAMES = 200

# Sources and mechanisms run inside the application's calls.
_PACKAGE = Path(__file__).parents[1]
_WRAPPERS = tuple(f"{_PACKAGE / stage}{os.sep}" for stage in ("sources", "capture", "trails"))


class CodeLocation(NamedTuple):
    """
    The place of a frame in its code.

    Args:
        code: The code that runs in the frame.
        instruction: Which of its bytes, as `tb_lasti` has it.
        line: The line, None for none.
        module: The module's name, None if unknown.
        variables: The frame's variables, plain; None where nobody wants them.

    """

    code: CodeType
    instruction: int
    line: int | None
    module: str | None
    variables: dict[str, Any] | None = None


class CapturedStack:
    """
    The frames of a traceback, read when somebody asks; it takes the place of a `traceback.TracebackException`'s.

    Args:
        traceback: The traceback, None for an exception that was not raised.
        reader: Reads the variables of the application's innermost frames, None if nobody wants them.

    """

    def __init__(self, traceback: TracebackType | None = None, reader: LocalsReader | None = None) -> None:
        ends = find_frames(traceback, _MAX_TEXT_FRAMES)
        self._locations = _find_locations(ends.outer)
        self._outer = len(self._locations)
        self._between, self._repeats = ends.between, ends.repeats
        if ends.inner:
            self._locations += _find_locations(ends.inner)
        if reader is not None:
            self._read_locals([*ends.outer, *ends.inner], reader)

    def __len__(self) -> int:
        """Return how many frames there are to be shown."""
        return len(self._locations)

    def read_frames(self) -> tuple[Frame, ...]:
        """Return the frames, outermost first, in the middle not all where they are many."""
        return tuple(map(_make_frame, keep_both_ends(self._locations, MAX_FRAMES)))

    def format(self, **kwargs: Any) -> list[str]:
        """Return the lines of the frames, as `traceback` writes them."""
        return self._make_summaries().format(**kwargs)

    def _read_locals(self, entries: Sequence[TracebackType], reader: LocalsReader) -> None:
        frames = [entry.tb_frame for entry in entries if not entry.tb_frame.f_code.co_filename.startswith(_WRAPPERS)]
        left = MAX_FRAMES_WITH_LOCALS
        for number in range(len(frames) - 1, -1, -1):
            if left and is_in_app(_make_frame(self._locations[number])):
                left -= 1
                variables = reader.read(frames[number])
                self._locations[number] = self._locations[number]._replace(variables=variables)

    def _make_summaries(self) -> FramesText:
        unreadable = set()
        for path in {location.code.co_filename for location in self._locations}:
            if is_readable(path):
                linecache.checkcache(path)
            else:
                unreadable.add(path)
        frames = [
            _make_summary(location, "" if location.code.co_filename in unreadable else None)
            for location in self._locations
        ]
        if not self._between:
            return FramesText(frames)
        return StackText(frames, outer=self._outer, between=self._between, repeats=self._repeats)


def _make_frame(location: CodeLocation) -> Frame:
    return Frame(
        path=to_text(location.code.co_filename),
        line=location.line or 0,
        function=to_text(location.code.co_name),
        module=None if location.module is None else to_text(location.module),
        locals=location.variables,
    )


def _find_locations(entries: Sequence[TracebackType]) -> list[CodeLocation]:
    """Return the places of entries, those of stand-ins left out, and have their sources found later."""
    cache, locations = linecache.cache, []
    for entry in entries:
        frame = entry.tb_frame
        code, names = frame.f_code, frame.f_globals
        path = code.co_filename
        if path.startswith(_WRAPPERS):
            continue
        if path not in cache:
            # The module's loader knows sources that are in no file, as those of an archive.
            linecache.lazycache(path, names)
        module = names.get("__name__")
        name = module if type(module) is str else _read_name(module)
        locations.append(CodeLocation(code, entry.tb_lasti, entry.tb_lineno, name))
    return locations


def _read_name(module: object) -> str | None:
    return str.__str__(module) if isinstance(module, str) else None


if sys.version_info >= (3, 11):

    def _make_summary(location: CodeLocation, source: str | None) -> FrameSummary:
        line, end_line, column, end_column = _find_position(location)
        return FrameSummary(
            location.code.co_filename,
            location.line if line is None else line,
            location.code.co_name,
            lookup_line=False,
            line=source,
            end_lineno=end_line,
            colno=column,
            end_colno=end_column,
        )

    def _find_position(location: CodeLocation) -> Iterable[int | None]:
        """Return the lines and columns of an instruction, which takes two bytes."""
        if location.instruction < 0:
            return None, None, None, None
        return next(islice(location.code.co_positions(), location.instruction // 2, None))

else:

    def _make_summary(location: CodeLocation, source: str | None) -> FrameSummary:
        code = location.code
        return FrameSummary(code.co_filename, location.line, code.co_name, lookup_line=False, line=source)
