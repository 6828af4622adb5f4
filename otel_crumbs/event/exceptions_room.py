"""The exceptions for which there is room: the real one and its newest cause, of each the outer and the inner frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from otel_crumbs.base.plain import CUT

from .exception_chain import count_more
from .model import ExceptionInfo, Frame
from .room import Room, cut_texts, cut_to_room, split_room, weigh_value

# What the exception itself has, its newest cause, and each of the others.
_FIRST, _SECOND, _OTHER = 6, 3, 1
# What an exception needs to be of use.
_LEAST_EXCEPTION = 400
# Of the room of an exception: its class, its text, its notes and its frames.
_SHARES = (2, 5, 2, 6)
# A frame has no more of the room for all frames.
_PART_OF_FRAMES = 4
# What JSON takes for a frame beside its texts.
_FRAME_BYTES = 48


class ExceptionsRoom:
    """
    Makes the exceptions of an event smaller.

    Args:
        infos: The exceptions, each of which is weighed once.

    """

    def __init__(self, infos: Sequence[ExceptionInfo]) -> None:
        self._infos = infos
        self._frame_weights = [sum(map(weigh_frame, info.frames)) for info in infos]
        self._weights = [_weigh_words(info) + weight for info, weight in zip(infos, self._frame_weights, strict=True)]
        self.weight = sum(self._weights)

    def make(self, room: int, *, variables: int, lines: int) -> tuple[ExceptionInfo, ...]:
        """
        Return the exceptions for which there is room, the nearest first.

        Args:
            room: For the exceptions.
            variables: For the variables of their frames.
            lines: For the source lines of their frames.

        """
        count = max(1, min(len(self._infos), room // _LEAST_EXCEPTION))
        others = len(self._infos) - count
        remark = (f"{CUT} and {count_more(others)}",) if others else ()
        given = split_room(self._weights[:count], (_FIRST, _SECOND, *[_OTHER] * count)[:count], room)
        extras = Room(variables), Room(lines)
        return tuple(
            _cut_exception(
                info, weight, left if number else left - weigh_value(remark), extras, remark=() if number else remark
            )
            for number, (info, weight, left) in enumerate(zip(self._infos, self._frame_weights, given, strict=False))
        )


def weigh_exception(info: ExceptionInfo) -> int:
    """Return how many bytes an exception takes as JSON, without variables and source lines."""
    return _weigh_words(info) + sum(map(weigh_frame, info.frames))


def weigh_frame(frame: Frame) -> int:
    """Return how many bytes a frame takes as JSON, without its variables and source lines."""
    return _FRAME_BYTES + weigh_value((frame.path, frame.function, frame.module, frame.source))


def _weigh_words(info: ExceptionInfo) -> int:
    return 2 * _FRAME_BYTES + weigh_value([info.type, info.message, info.link, info.notes])


def _cut_exception(
    info: ExceptionInfo, frames_weight: int, room: int, extras: tuple[Room, Room], *, remark: tuple[str, ...]
) -> ExceptionInfo:
    weights = (weigh_value(info.type), weigh_value(info.message), weigh_value(info.notes), frames_weight)
    for_type, for_message, for_notes, for_frames = split_room(weights, _SHARES, room - 2 * _FRAME_BYTES)
    frames = info.frames if for_frames >= frames_weight else _choose_frames(info.frames, for_frames)
    return replace(
        info,
        type=cut_to_room(info.type, for_type) or "Exception",
        message=cut_to_room(info.message, for_message),
        link=info.link and cut_to_room(info.link, _FRAME_BYTES),
        notes=(*(note for note in cut_texts(info.notes, for_notes) if note), *remark),
        frames=tuple([_cut_extras(frame, *extras) for frame in reversed(frames)][::-1]),
    )


def _choose_frames(frames: Sequence[Frame], room: int) -> Sequence[Frame]:
    """Choose as many as fit from both ends, the innermost frame first."""
    most, left = room // _PART_OF_FRAMES, Room(room)
    outer: list[Frame] = []
    inner: list[Frame] = []
    for number in range(len(frames)):
        side, place = (outer, number // 2) if number % 2 else (inner, -1 - number // 2)
        frame = _cut_frame(frames[place], most)
        if not left.take(weigh_frame(frame)):
            break
        side.append(frame)
    return [*outer, *reversed(inner)]


def _cut_extras(frame: Frame, variables: Room, lines: Room) -> Frame:
    """Return a frame with its variables and source lines, or without what there is no room for."""
    if frame.locals is not None and not variables.take(weigh_value(dict(frame.locals))):
        frame = replace(frame, locals=None)
    if frame.lines and not lines.take(weigh_value(frame.lines)):
        frame = replace(frame, lines=())
    return frame


def _cut_frame(frame: Frame, room: int) -> Frame:
    if weigh_frame(frame) <= room:
        return frame
    texts = (frame.path, frame.function, frame.module, frame.source)
    path, function, module, source = cut_texts(texts, room - _FRAME_BYTES)
    return replace(frame, path=path or "", function=function or "", module=module or None, source=source or None)
