"""
The local variables of the application's frames: plain values, and the class names of everything else.

They are copied when the error is captured, for they change or go away. Nothing of
the application's is asked for its text, its length or what it is, and no
reference to it is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from types import FrameType, FunctionType, ModuleType
from typing import Any

from otel_crumbs.base.plain import CUT, name_class, to_plain, to_text

from .app_frames import shorten_path
from .model import Frame

# So many of the application's innermost frames of each exception, with so many variables each.
MAX_FRAMES, MAX_VARIABLES = 5, 24
_MAX_DEPTH, _MAX_ITEMS, _MAX_TEXT = 3, 16, 200
# The characters of all values of one event, and what a value takes at least.
MAX_CHARACTERS, _LEAST = 12_000, 8

_SIMPLE = frozenset({int, float, bool, type(None)})
_LISTS = frozenset({list, tuple, set, frozenset})
# What a module defines and imports.
_DEFINITIONS = (ModuleType, FunctionType, type)
_BUILTINS = "builtins."


def _get_own_locals() -> object:
    return sys._getframe().f_locals  # noqa: SLF001 - public in all but name


# Since Python 3.13 a function's variables are in a proxy (PEP 667). Code that is executed may have them in anything.
_NAMESPACES = frozenset({dict, type(_get_own_locals())})


class LocalsReader:
    """Reads the variables of the frames of one event, as far as there is room."""

    def __init__(self) -> None:
        self._room = MAX_CHARACTERS

    def read(self, frame: FrameType) -> dict[str, Any]:
        """Return plain copies of a frame's variables."""
        namespace = frame.f_locals
        if type(namespace) not in _NAMESPACES:
            return {}
        found: dict[str, Any] = {}
        for name, value in tuple(namespace.items()):
            if len(found) >= MAX_VARIABLES or self._room <= 0:
                break
            # Names of the interpreter's own, and the iterator of a comprehension.
            if type(name) is str and not name.startswith(("__", ".")) and not issubclass(type(value), _DEFINITIONS):
                found[to_text(name, _MAX_TEXT)] = self._copy(value, _MAX_DEPTH)
                self._room -= len(name)
        return found

    def _copy(self, value: Any, depth: int) -> Any:
        self._room -= _LEAST
        kind = type(value)
        if kind is str:
            text = to_text(value, _MAX_TEXT)
            self._room -= len(text)
            return text
        if kind in _SIMPLE:
            return to_plain(value)
        if depth > 0 and kind in _LISTS:
            return [*self._copy_items(value, depth), *_count_others(len(value))]
        if depth > 0 and kind is dict:
            return self._copy_dict(value, depth)
        name = f"<{name_class(kind).removeprefix(_BUILTINS)}>"
        self._room -= len(name)
        return to_text(name, _MAX_TEXT)

    def _copy_items(self, items: Iterable[Any], depth: int) -> list[Any]:
        # In one call of C: another thread may change it.
        return [self._copy(item, depth - 1) for item in tuple(islice(items, _MAX_ITEMS)) if self._room > 0]

    def _copy_dict(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        keys, others = tuple(islice(value.items(), _MAX_ITEMS)), _count_others(len(value))
        copied = {str(self._copy(key, 0)): self._copy(item, depth - 1) for key, item in keys if self._room > 0}
        return copied | dict.fromkeys(others, CUT)


def format_locals(frames: Sequence[Frame]) -> str:
    """
    Return the variables of frames as text, the innermost frame last.

    Args:
        frames: Outermost first.

    Returns:
        A text; empty where no frame has any.

    """
    return "\n\n".join(_format_frame(frame, frame.locals) for frame in frames if frame.locals)


def _format_frame(frame: Frame, variables: Mapping[str, Any]) -> str:
    lines = [f"    {name} = {json.dumps(value, ensure_ascii=False, default=str)}" for name, value in variables.items()]
    return "\n".join([f"{shorten_path(frame)}, line {frame.line}, in {frame.function}", *lines])


def _count_others(count: int) -> list[str]:
    return [f"{CUT} and {count - _MAX_ITEMS} more"] if count > _MAX_ITEMS else []
