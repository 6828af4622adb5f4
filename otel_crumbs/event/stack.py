"""The reading of an exception and its traceback, at once and without holding a frame."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from traceback import TracebackException
from typing import Any, TypeVar

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.exceptions import members_of, name_exception, notes_of, traceback_of
from otel_crumbs.base.plain import CUT, MAX_MESSAGE, MAX_STACKTRACE, to_plain, to_text

from .captured_stack import CapturedStack
from .exception_chain import ChainedException, count_more, find_chain
from .frame_locals import LocalsReader
from .model import ExceptionInfo

T = TypeVar("T")

# As many members of a group Python shows.
_MAX_MEMBERS = 15
MAX_NOTES = 16

# What `StackText` writes for frames that are left out.
_COUNT = re.compile(r"^  \[\d+ more frames\]\n", re.MULTILINE)

_SYNTAX_ERROR_FIELDS = ("filename", "lineno", "end_lineno", "text", "offset", "end_offset", "msg")


class CapturedExceptions:
    """
    An exception and those that hang on it, as they were captured.

    Args:
        infos: What is known of each, but for its frames.
        stacks: The frames of each, none where they are in the text.
        make_traceback: Returns the object that makes the text; None where nothing can.
        stacktrace: The text where it is known.

    """

    __slots__ = ("_make_traceback", "_stacks", "_stacktrace", "infos")

    def __init__(
        self,
        *,
        infos: Sequence[ExceptionInfo],
        stacks: Sequence[CapturedStack] = (),
        make_traceback: Callable[[], TracebackException | None] | None = None,
        stacktrace: str = "",
    ) -> None:
        self.infos = infos
        self._stacks = stacks
        self._make_traceback = make_traceback
        self._stacktrace = stacktrace

    @property
    def local(self) -> bool:
        """Whether the frames are of this process, and not of a text alone."""
        return not self._stacktrace

    def read(self) -> tuple[ExceptionInfo, ...]:
        """Return all that is known of each exception."""
        if not self._stacks:
            return tuple(self.infos)
        return tuple(
            replace(info, frames=stack.read_frames()) for info, stack in zip(self.infos, self._stacks, strict=True)
        )

    def format(self, read: Sequence[ExceptionInfo]) -> str:
        """
        Return the traceback as Python prints it.

        Args:
            read: What `read` returned.

        """
        if self._stacktrace:
            return to_text(self._stacktrace, MAX_STACKTRACE)
        traceback = self._make_traceback() if self._make_traceback else None
        words = _ask_exception(lambda: "".join(traceback.format()) if traceback else "") or ""
        return cut_middle(to_text(words or _format_plain(read[0]), 10 * MAX_STACKTRACE), MAX_STACKTRACE)


class _ExceptionText:
    """
    The words of an exception, in its place where `traceback` makes a text of it.

    That would ask the exception for its text once more, for its truth, and
    the object of an `AttributeError` for all of its attributes.
    """

    __cause__ = __context__ = None
    __suppress_context__ = False

    def __init__(self, error: BaseException, message: str, notes: list[Any]) -> None:
        self._message = message
        self.__notes__ = notes or None
        if issubclass(type(error), SyntaxError):
            for name in _SYNTAX_ERROR_FIELDS:
                setattr(self, name, to_plain(SyntaxError.__dict__[name].__get__(error)))

    def __str__(self) -> str:
        """Return the message."""
        return self._message


def read_exceptions(
    error: BaseException, message: str | None = None, *, with_locals: bool = False
) -> CapturedExceptions:
    """
    Return an exception and all it was raised from or groups.

    Args:
        error: The exception, which is the first of all.
        message: Its text, where it was asked for it before.
        with_locals: Whether the variables of the application's frames are read.

    """
    reader = LocalsReader() if with_locals else None
    found, left_out = find_chain(error)
    infos: list[ExceptionInfo] = []
    stacks: list[CapturedStack] = []
    words: list[_ExceptionText] = []
    for number, related in enumerate(found):
        known = message if number == 0 and message is not None else message_of(related.error)
        notes = [to_plain(note) for note in _slice_notes(notes_of(related.error))]
        if number == 0 and left_out:
            notes.append(f"{CUT} and {count_more(left_out)}")
        stack = CapturedStack(traceback_of(related.error), reader)
        infos.append(_read_exception(related, known, notes))
        stacks.append(stack)
        words.append(_ExceptionText(related.error, known, notes))
    make = partial(_make_traceback, type(error), words[0], stacks[0])
    if len(found) > 1:
        # Which hangs on which is to be seen now; all else can wait for the worker.
        parts = zip(found, words, stacks, strict=True)
        made = [_make_traceback(type(each.error), said, stack) for each, said, stack in parts]
        _ask_exception(lambda: _connect_tracebacks(found, infos, made))
        make = partial(made.__getitem__, 0)
    return CapturedExceptions(infos=infos, stacks=stacks, make_traceback=make)


def cut_middle(words: str, limit: int) -> str:
    """Return a text of about *limit* characters: its beginning, how many frames are left out there, and its end."""
    if len(words) <= limit:
        return words
    half = limit // 2
    counted = _COUNT.search(words, half, len(words) - half)
    return f"{words[:half]}\n{CUT}\n{counted[0] if counted else ''}{words[-half:]}"


def message_of(error: BaseException) -> str:
    """Return the text of an exception; one whose ``__str__`` raises says so."""
    try:
        return to_text(str(error), MAX_MESSAGE)
    except BaseException as failure:
        # The application's own code runs here.
        if is_thrown_in(failure):
            raise
        return f"<{type(error).__name__}: {type(failure).__name__} in its __str__>"


def _read_exception(related: ChainedException, message: str, notes: list[Any]) -> ExceptionInfo:
    return ExceptionInfo(
        type=to_text(name_exception(related.error)),
        message=message,
        parent=related.parent,
        link=related.link,
        notes=tuple(str(note) for note in notes),
    )


def _make_traceback(kind: type[BaseException], words: Any, stack: CapturedStack) -> TracebackException | None:
    # The words stand in the exception's place.
    made = _ask_exception(lambda: TracebackException(kind, words, None, lookup_lines=False))
    if made is not None:
        made.stack = stack  # type: ignore[assignment]  # it asks for the lines of it alone
    return made


def _connect_tracebacks(
    found: list[ChainedException], infos: list[ExceptionInfo], tracebacks: list[TracebackException | None]
) -> None:
    """Hang the tracebacks on each other as their exceptions are."""
    numbers = {id(related.error): number for number, related in enumerate(found)}
    links = {(related.parent, related.link): number for number, related in enumerate(found)}
    for number, (related, traceback) in enumerate(zip(found, tracebacks, strict=True)):
        if traceback is None:
            continue
        cause, context = links.get((number, "__cause__")), links.get((number, "__context__"))
        traceback.__cause__ = None if cause is None else tracebacks[cause]
        traceback.__context__ = None if context is None else tracebacks[context]
        members = members_of(related.error)
        if not members:
            continue
        shown: list[Any] = []
        for place, member in enumerate(members[:_MAX_MEMBERS]):
            known = numbers.get(id(member))
            if known is None:
                break
            is_first = links.get((number, f"exceptions[{place}]")) == known
            # A member that hangs elsewhere too is shown there in full, and here by its title.
            shown.append(tracebacks[known] if is_first else _make_title(member, infos[known].message))
        _set_members(traceback, shown, len(members))


def _make_title(error: BaseException, message: str) -> TracebackException:
    return TracebackException(type(error), _ExceptionText(error, message, []), None)  # type: ignore[arg-type]


def _set_members(traceback: Any, shown: list[Any], count: int) -> None:
    """Give the traceback of a group those of its members; it says how many others there are."""
    traceback.exceptions = [*shown, *[None] * (count - len(shown))]
    traceback.max_group_width = len(shown)


def _ask_exception(ask: Callable[[], T]) -> T | None:
    """Call a function that asks an exception, whose properties may raise; return None where they do."""
    try:
        return ask()
    except BaseException as error:
        # The application's own code runs here.
        if is_thrown_in(error):
            raise
        return None


def _slice_notes(notes: list[Any]) -> list[Any]:
    """Return the first few; a list of the application's own kind may be endless."""
    return list.__getitem__(notes, slice(MAX_NOTES))


def _format_plain(info: ExceptionInfo) -> str:
    frames = [f'  File "{frame.path}", line {frame.line}, in {frame.function}\n' for frame in info.frames]
    return "".join(["Traceback (most recent call last):\n", *frames, f"{info.type}: {info.message}\n"])
