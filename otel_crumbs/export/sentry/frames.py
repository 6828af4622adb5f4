"""The frames of a stack trace in Sentry's form, with source lines, and marked if they are of the application."""

from __future__ import annotations

from typing import Any

from otel_crumbs.base.plain import to_text
from otel_crumbs.event import Frame
from otel_crumbs.event.app_frames import is_in_app, shorten_path
from otel_crumbs.event.scrub import Scrub
from otel_crumbs.event.source_lines import read_lines
from otel_crumbs.event.traceback_reader import keep_both_ends

LINES_AROUND = 5
# Longer lines are data, or minified.
MAX_LINE = 256
# Source lines are most of an event's weight. Trackers take 1 MiB; so many frames with eleven lines each are less than
# a third of that.
MAX_FRAMES_WITH_SOURCE = 100


class Frames:
    """
    Makes the stack traces of one event; the first frames that are made have source lines.

    Args:
        scrub: Takes secrets out of source lines.
        read_files: Whether source is read from the files that frames name.
            False for frames from a text, which may come from another machine.

    """

    def __init__(self, scrub: Scrub, *, read_files: bool) -> None:
        self._scrub = scrub
        self._left = MAX_FRAMES_WITH_SOURCE if read_files else 0

    def make_stacktrace(self, frames: tuple[Frame, ...], limit: int) -> dict[str, Any] | None:
        """Return a stack trace of at most *limit* frames, None where there is no frame."""
        # The innermost frames are made first, since there may be source lines for some frames only.
        made = [self._make_frame(frame) for frame in reversed(keep_both_ends(frames, limit))]
        return {"frames": made[::-1]} if made else None

    def _make_frame(self, frame: Frame) -> dict[str, Any]:
        made: dict[str, Any] = {
            "filename": shorten_path(frame),
            "abs_path": frame.path,
            "function": frame.function,
            "lineno": frame.line,
            "in_app": is_in_app(frame),
        }
        if frame.module:
            made["module"] = frame.module
        if frame.locals:
            made["vars"] = dict(frame.locals)
        return made | self._read_source(frame)

    def _read_source(self, frame: Frame) -> dict[str, Any]:
        if frame.source is not None:
            return {"context_line": self._shorten(frame.source)}
        if self._left <= 0:
            return {}
        lines = read_lines(frame.path)
        if not 0 < frame.line <= len(lines):
            return {}
        self._left -= 1
        at = frame.line - 1
        return {
            "pre_context": [self._shorten(line) for line in lines[max(0, at - LINES_AROUND) : at]],
            "context_line": self._shorten(lines[at]),
            "post_context": [self._shorten(line) for line in lines[at + 1 : at + 1 + LINES_AROUND]],
        }

    def _shorten(self, line: str) -> str:
        return to_text(self._scrub(line.rstrip()), MAX_LINE)
