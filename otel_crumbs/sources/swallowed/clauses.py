"""
The clauses of an `except`: which classes of exceptions each is for, read from the function's instructions.

Names of modules' variables and their attributes are looked up as the interpreter
would do it; nothing of the application's runs. A clause that names its classes in
another way may be for any.
"""

from __future__ import annotations

from opcode import opmap
from types import CodeType, FrameType, ModuleType
from typing import Any

_CACHE, _EXTENDED, _NOP = opmap.get("CACHE", 0), opmap["EXTENDED_ARG"], opmap["NOP"]
_PUSH, _MATCH = opmap.get("PUSH_EXC_INFO"), opmap.get("CHECK_EXC_MATCH")
_JUMP, _RERAISE = opmap.get("POP_JUMP_IF_FALSE"), opmap["RERAISE"]
_GLOBAL, _NAME, _ATTRIBUTE, _TUPLE = opmap["LOAD_GLOBAL"], opmap["LOAD_NAME"], opmap["LOAD_ATTR"], opmap["BUILD_TUPLE"]
_MISSING: Any = object()


def is_match_possible(code: CodeType, place: int, kind: type, frame: FrameType) -> bool:
    """
    Return whether an exception may be what one of the clauses at a place is for.

    Args:
        code: The function's code.
        place: The place of its first clause.
        kind: The class of the exception.
        frame: The function's frame.

    """
    instructions = code.co_code
    values: list[Any] = []
    while True:
        operation, argument, place = _read(instructions, place)
        if operation == _MATCH:
            if _is_possibly_for(values.pop(), kind):
                return True
        elif operation == _JUMP:
            place += 2 * argument
        elif operation == _RERAISE:
            return False
        elif operation != _PUSH and not _add_loaded(values, operation, argument, frame):
            return True


def _read(instructions: bytes, place: int) -> tuple[int, int, int]:
    """Return an instruction, its argument, and the place of the next one; no operation behind the last one."""
    argument = 0
    for at in range(place, len(instructions), 2):
        operation = instructions[at]
        argument = argument << 8 | instructions[at + 1]
        if operation not in {_EXTENDED, _NOP}:
            following = at + 2
            while following < len(instructions) and instructions[following] == _CACHE:
                following += 2
            return operation, argument, following
        if operation == _NOP:
            argument = 0
    return -1, 0, place


def _add_loaded(values: list[Any], operation: int, argument: int, frame: FrameType) -> bool:
    """Put what an instruction loads on the stack; return False for one that does something else."""
    names = frame.f_code.co_names
    if operation == _GLOBAL:
        values.append(_find_global(frame, names[argument >> 1]))
    elif operation == _NAME:
        is_module = frame.f_locals is frame.f_globals
        values.append(_find_global(frame, names[argument]) if is_module else _MISSING)
    elif operation == _ATTRIBUTE and values:
        values[-1] = _find_attribute(values[-1], names[argument >> 1])
    elif operation == _TUPLE and argument:
        values[-argument:] = [tuple(values[-argument:])]
    else:
        return False
    return True


def _find_global(frame: FrameType, name: str) -> Any:
    return frame.f_globals.get(name, frame.f_builtins.get(name, _MISSING))


def _find_attribute(value: Any, name: str) -> Any:
    if isinstance(value, ModuleType):
        return vars(value).get(name, _MISSING)
    if not isinstance(value, type):
        return _MISSING
    found = next((vars(base)[name] for base in value.__mro__ if name in vars(base)), _MISSING)
    # Anything else may be a descriptor.
    return found if isinstance(found, type) else _MISSING


def _is_possibly_for(classes: Any, kind: type) -> bool:
    if isinstance(classes, tuple):
        return any(_is_possibly_for(each, kind) for each in classes)
    return not isinstance(classes, type) or classes in kind.__mro__
