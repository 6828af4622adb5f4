"""The frames of a stack trace in Sentry's form, with source lines, and marked if they are of the application."""

from __future__ import annotations

from typing import Any

from otel_crumbs.event import Frame
from otel_crumbs.event.app_frames import is_in_app, shorten_path
from otel_crumbs.event.traceback_reader import keep_both_ends


def make_stacktrace(frames: tuple[Frame, ...], limit: int) -> dict[str, Any] | None:
    """Return a stack trace of at most *limit* frames, None where there is no frame."""
    return {"frames": [_make_frame(frame) for frame in keep_both_ends(frames, limit)]} if frames else None


def _make_frame(frame: Frame) -> dict[str, Any]:
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
    return made | _show_source(frame)


def _show_source(frame: Frame) -> dict[str, Any]:
    at = frame.line - frame.first_line
    if 0 <= at < len(frame.lines):
        return {
            "pre_context": [*frame.lines[:at]],
            "context_line": frame.lines[at],
            "post_context": [*frame.lines[at + 1 :]],
        }
    return {} if frame.source is None else {"context_line": frame.source}
