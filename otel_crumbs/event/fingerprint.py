"""
The fingerprint of an event, by which a back end groups the events of one failure.

It is made of what stays the same from process to process, from release to
release of the application as long as the failing code keeps its name, and from
one Python to the next: so of no line numbers, no messages and no paths of a
machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from string import hexdigits

from .app_frames import is_in_app, shorten_path
from .model import ExceptionInfo, Frame

# Half of the digest is enough to tell failures apart, and as long as a trace id.
_LENGTH = 32
# Python 3.12 runs them in the function's own frame.
_INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})


def make_fingerprint(info: ExceptionInfo, *otherwise: str | None) -> str:
    """
    Return the fingerprint of an exception: 32 hexadecimal digits.

    Args:
        info: The exception itself, the first of its chain.
        otherwise: Texts that tell it apart where it has no frames.

    """
    places = [*_iterate_places(filter(is_in_app, info.frames))] or [*_iterate_places(info.frames)]
    words = "\n".join([info.type, *(places or (each or "" for each in otherwise))])
    return sha256(words.encode("utf-8", "backslashreplace")).hexdigest()[:_LENGTH]


def is_made(fingerprint: str) -> bool:
    """Return whether a fingerprint may be one that is made here: the application's own are names or sentences."""
    return len(fingerprint) == _LENGTH and not fingerprint.strip(hexdigits.lower())


def _iterate_places(frames: Iterable[Frame]) -> Iterator[str]:
    """Iterate over the functions of frames, one that calls itself once."""
    functions = (frame for frame in frames if frame.function not in _INLINED)
    return (place for place, _ in groupby(map(_name_place, functions)))


def _name_place(frame: Frame) -> str:
    module = frame.module if frame.module and frame.module != "__main__" else shorten_path(frame)
    return f"{module}:{frame.function}"
