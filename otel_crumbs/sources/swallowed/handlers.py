"""
Exception handlers: the places in a function's code that an exception goes on at, and which of them may handle it.

The interpreter has a handler for more than what the source calls one: ends of
``finally`` and ``with``, the variable of an ``except ... as``, each ``await``.
All of those raise the exception again.
"""

from __future__ import annotations

from collections.abc import Iterator
from opcode import opmap
from types import CodeType

from otel_crumbs.event.app_frames import is_library_path

# Functions whose handlers are known; the rest is looked at again.
MAX_FUNCTIONS = 4096

_CACHE, _PUSH = opmap.get("CACHE", 0), opmap.get("PUSH_EXC_INFO")
_NO_STEPS = frozenset(opmap[name] for name in ("EXTENDED_ARG", "NOP") if name in opmap) | {_CACHE}
_MATCHES = frozenset(opmap[name] for name in ("CHECK_EXC_MATCH", "CHECK_EG_MATCH") if name in opmap)
_WITH, _POP = opmap.get("WITH_EXCEPT_START"), opmap["POP_TOP"]
# What ends the expression after `except`, which there is none of where a `finally` begins.
_ENDS = frozenset(code for name, code in opmap.items() if name.startswith(("STORE_", "JUMP_", "RERAISE", "RETURN_")))

# By a handler's place in a function's code, and the class of an exception: how its text is read, 0 where that handler
# leaves it to others.
Readings = dict[tuple[int, type], int]


class Handlers:
    """The handlers of the application's functions, as far as exceptions came to them."""

    def __init__(self) -> None:
        # By the function's identity: a code object's hash is that of all its instructions.
        self.functions: dict[int, tuple[CodeType, Readings | None]] = {}

    def find_readings(self, code: CodeType) -> Readings | None:
        """Return how texts are read at a function's handlers; None for a function that is not the application's."""
        kept = self.functions.get(id(code))
        if kept is None or kept[0] is not code:
            if len(self.functions) >= MAX_FUNCTIONS:
                self.functions.clear()
            kept = self.functions[id(code)] = code, None if is_library_path(code.co_filename) else {}
        return kept[1]

    def clear(self) -> None:
        """Forget all functions."""
        self.functions.clear()


def is_handler(code: CodeType, place: int) -> bool:
    """Return whether an exception that goes on at a place of a function's code may be handled there."""
    steps = _iterate_steps(code.co_code, place)
    if next(steps, None) != _PUSH:
        return False
    first = next(steps, None)
    if first in {_POP, _WITH}:  # a bare `except`; a `with`, whose object decides
        return True
    while first is not None and first != _POP and first not in _ENDS:
        if first in _MATCHES:
            return True
        first = next(steps, None)
    return False


def _iterate_steps(instructions: bytes, place: int) -> Iterator[int]:
    for offset in range(place, len(instructions), 2):
        if instructions[offset] not in _NO_STEPS:
            yield instructions[offset]


def find_line(code: CodeType, place: int) -> int:
    """Return the line of the first instruction from a place on that has one; that of the function where none has."""
    for start, end, line in code.co_lines():
        if line is not None and (place < start or start <= place < end):
            return line
    return code.co_firstlineno
