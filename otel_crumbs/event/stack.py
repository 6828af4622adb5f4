"""The reading of an exception and its traceback, at once and without holding a frame."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from traceback import TracebackException, walk_tb
from types import TracebackType
from typing import Any, TypeVar

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.plain import CUT, MAX_MESSAGE, to_plain, to_text

from .model import ExceptionInfo, Frame

T = TypeVar("T")

# A recursion error repeats the same frames a thousand times; both ends matter.
MAX_FRAMES = 100
MAX_STACKTRACE = 64 * 1024
MAX_EXCEPTIONS = 32
MAX_NOTES = 16

# Sources and mechanisms run inside the application's calls.
_PACKAGE = Path(__file__).parents[1]
_WRAPPERS = tuple(f"{_PACKAGE / stage}{os.sep}" for stage in ("sources", "capture", "trails"))


def read_exceptions(error: BaseException) -> tuple[ExceptionInfo, ...]:
    """Return an exception and all it was raised from or groups, the exception itself first."""
    infos: list[ExceptionInfo] = []
    _collect(error, None, None, infos, set())
    return tuple(infos)


def read_traceback(error: BaseException) -> TracebackException | None:
    """Return the traceback ready to be formatted, None where the exception does not let itself be read."""
    traceback = _ask_exception(lambda: _make_traceback(error))
    if traceback is not None:
        _clean_traceback(traceback)
    return traceback


def format_traceback(traceback: TracebackException | None, infos: tuple[ExceptionInfo, ...]) -> str:
    """Return a traceback as Python prints it."""
    words = _ask_exception(lambda: "".join(traceback.format()) if traceback else "") or ""
    return cut_middle(to_text(words or _format_plain(infos[0]), 10 * MAX_STACKTRACE), MAX_STACKTRACE)


def cut_middle(words: str, limit: int) -> str:
    """Return a text of at most *limit* characters: its beginning and its end."""
    if len(words) <= limit:
        return words
    half = limit // 2
    return f"{words[:half]}\n{CUT}\n{words[-half:]}"


def keep_both_ends(frames: Sequence[T], limit: int) -> Sequence[T]:
    """Return at most *limit* frames: the outermost and the innermost, which say more than those between."""
    half = limit // 2
    return frames if len(frames) <= limit else [*frames[:half], *frames[-half:]]


def name_type(kind: type) -> str:
    """Return a class with its module, as in ``exception.type``."""
    return kind.__qualname__ if kind.__module__ in {"builtins", None} else f"{kind.__module__}.{kind.__qualname__}"


def _clean_traceback(outermost: TracebackException) -> None:
    """Remove the frames of stand-ins, and the notes beyond the first few."""
    seen: set[int] = set()
    # No recursion: a chain may be longer than that goes.
    ahead: list[TracebackException | None] = [outermost]
    while ahead:
        traceback = ahead.pop()
        if traceback is None or id(traceback) in seen:
            continue
        seen.add(id(traceback))
        frames = [frame for frame in traceback.stack if not frame.filename.startswith(_WRAPPERS)]
        traceback.stack[:] = frames or traceback.stack
        notes = getattr(traceback, "__notes__", None)
        if isinstance(notes, list):
            traceback.__notes__ = _slice_notes(notes)  # type: ignore[attr-defined,unused-ignore]  # Python 3.11
        ahead += (traceback.__cause__, traceback.__context__, *(getattr(traceback, "exceptions", None) or ()))


def _collect(
    error: BaseException, parent: int | None, link: str | None, infos: list[ExceptionInfo], seen: set[int]
) -> None:
    if id(error) in seen or len(infos) >= MAX_EXCEPTIONS:
        return
    seen.add(id(error))
    index = len(infos)
    infos.append(
        ExceptionInfo(
            type=to_text(name_type(type(error))),
            message=message_of(error),
            frames=tuple(_read_frames(error.__traceback__)),
            parent=parent,
            link=link,
            notes=_read_notes(error),
        )
    )
    for source, other in _ask_exception(lambda: tuple(_iterate_related(error))) or ():
        _collect(other, index, source, infos, seen)


def _ask_exception(ask: Callable[[], T]) -> T | None:
    """Call a function that asks an exception, whose properties may raise; return None where they do."""
    try:
        return ask()
    except BaseException as error:
        # The application's own code runs here.
        if is_thrown_in(error):
            raise
        return None


def _make_traceback(error: BaseException) -> TracebackException:
    return TracebackException(type(error), error, error.__traceback__, lookup_lines=False, compact=True)


def _iterate_related(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    if error.__cause__ is not None:
        yield "__cause__", error.__cause__
    elif error.__context__ is not None and not error.__suppress_context__:
        yield "__context__", error.__context__
    members = getattr(error, "exceptions", None)
    if isinstance(members, tuple):
        for number, member in enumerate(members):
            if isinstance(member, BaseException):
                yield f"exceptions[{number}]", member


def message_of(error: BaseException) -> str:
    """Return the text of an exception; one whose ``__str__`` raises says so."""
    try:
        return to_text(str(error), MAX_MESSAGE)
    except BaseException as failure:
        # The application's own code runs here.
        if is_thrown_in(failure):
            raise
        return f"<{type(error).__name__}: {type(failure).__name__} in its __str__>"


def _read_notes(error: BaseException) -> tuple[str, ...]:
    notes = _ask_exception(lambda: getattr(error, "__notes__", None))
    return tuple(str(to_plain(note)) for note in _slice_notes(notes)) if isinstance(notes, list) else ()


def _slice_notes(notes: list[Any]) -> list[Any]:
    """Return the first few; a list of the application's own kind may be endless."""
    return list.__getitem__(notes, slice(MAX_NOTES))


def _read_frames(traceback: TracebackType | None) -> list[Frame]:
    frames = [
        Frame(
            path=to_text(frame.f_code.co_filename),
            line=line or 0,
            function=to_text(frame.f_code.co_name),
            module=_read_module(frame.f_globals.get("__name__")),
        )
        for frame, line in walk_tb(traceback)
        if not frame.f_code.co_filename.startswith(_WRAPPERS)
    ]
    return [*keep_both_ends(frames, MAX_FRAMES)]


def _read_module(name: object) -> str | None:
    return to_text(name) if isinstance(name, str) else None


def _format_plain(info: ExceptionInfo) -> str:
    frames = [f'  File "{frame.path}", line {frame.line}, in {frame.function}\n' for frame in info.frames]
    return "".join(["Traceback (most recent call last):\n", *frames, f"{info.type}: {info.message}\n"])
