"""
Asynchronous exceptions: those that were thrown into our code from outside, and are the application's to catch.

A time limit may be an exception that a signal handler raises, wherever the
program is: Celery's soft limit, RQ's, a hand-made one. Another thread may throw
an exception class into this one by ``PyThreadState_SetAsyncExc``, a debugger's
trace function may quit. Where that happens inside this package, the exception
must reach the application as it would reach it from anywhere else; what fails
in this package, or in a value that it reads, must not.
"""

from __future__ import annotations

import sys
from opcode import opmap
from types import CodeType, FrameType, TracebackType
from typing import Any

from .threads import is_own_thread

# Asked of the base class: an exception's own attributes may be code of the application's.
_TRACEBACK: Any = vars(BaseException)["__traceback__"]
_ARGUMENTS: Any = vars(BaseException)["args"]
# What the interpreter raises by itself without arguments; anything else has a message.
_RAISED_WITHOUT_ARGUMENTS = (AssertionError, EOFError, MemoryError, StopAsyncIteration, StopIteration)
_RAISING = frozenset({opmap["RAISE_VARARGS"], opmap["RERAISE"]})
_OWN_PACKAGES = frozenset({"opentelemetry", __name__.partition(".")[0]})


def is_thrown_in(error: BaseException) -> bool:
    """
    Return whether an exception that a guard of this package caught was thrown in by a signal handler or another thread.

    Python does not tell. A frame that the interpreter called for the frame that it
    interrupted, as it calls signal handlers and trace functions, has that frame
    among its arguments. An exception of another thread comes up where nothing
    raises one: in code of ours or of the standard library that would not raise
    this class, and always made without arguments.

    Args:
        error: The exception, while it is handled.

    """
    # Python runs signal handlers in the main thread, and nobody else knows the threads of this package.
    if is_own_thread():
        return False
    kind = type(error)
    if issubclass(kind, KeyboardInterrupt):
        return True
    traceback: TracebackType | None = _TRACEBACK.__get__(error)
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        if _is_called_for(traceback.tb_next.tb_frame, traceback.tb_frame):
            return True
        traceback = traceback.tb_next
    if _is_raise(traceback.tb_frame.f_code, traceback.tb_lasti):
        return False
    has_arguments = bool(_ARGUMENTS.__get__(error))
    known_code = _is_known(traceback.tb_frame.f_globals.get("__name__"))
    if _is_known(kind.__module__):
        return known_code and not has_arguments and not issubclass(kind, _RAISED_WITHOUT_ARGUMENTS)
    return known_code or not has_arguments or not issubclass(kind, Exception)


def _is_called_for(called: FrameType, interrupted: FrameType) -> bool:
    """Return whether the interpreter called a function on its own account, with the frame that it interrupted."""
    if called.f_back is not interrupted:
        return False
    for value in called.f_locals.values():
        if value is interrupted or (type(value) is tuple and any(item is interrupted for item in value)):
            return True
    return False


def _is_raise(code: CodeType, position: int) -> bool:
    """Return whether the instruction at a position of a function's code raises an exception."""
    return code.co_code[position] in _RAISING


def _is_known(module: object) -> bool:
    """Return whether a module is the standard library's, OpenTelemetry's or of this package."""
    if type(module) is not str:
        return False
    package = module.partition(".")[0]
    return package in sys.stdlib_module_names or package in _OWN_PACKAGES
