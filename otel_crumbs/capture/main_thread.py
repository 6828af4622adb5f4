"""
The exception that ends the main thread and the program: the interpreter keeps it in `sys.last_exc`.

`sys.excepthook` is left alone. Consoles, the `exceptiongroup` backport and GUI
toolkits do other things once it is not the interpreter's own, a hook that comes
later need not call the one that it found, and prompts call it for every mistyped
line. The interpreter keeps the exception before it calls any hook. Consoles,
test runners and event loops keep theirs in the same place, so the traceback says
whose it is: that of the program begins with the program itself, below which there
is nothing.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from otel_crumbs.base.exceptions import traceback_of
from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace

from .expected import is_exit
from .reporter import Reporter

# The first frame of a program by the names of its module and of its code; the second is that of ``python -m``.
_PROGRAMS = frozenset({("__main__", "<module>"), ("runpy", "_run_module_as_main")})
# The files that ``python -c`` and ``python -`` name as the program's, in `sys.argv` and in a traceback.
_SOURCES = {"-c": "<string>", "": "<stdin>", "-": "<stdin>"}
_get_filename = vars(SyntaxError)["filename"].__get__


class MainThread:
    """
    Reports the exception that the program dies of.

    Args:
        reporter: Gets the exception, and reports it once.

    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    @guarded("the exception that ends the program was looked for")
    def report_death(self, *, fatal: bool = True) -> None:
        """Report the exception that the interpreter keeps, if the program died of it."""
        error = find_last_exception()
        if error is not None and not is_exit(error) and _is_of_program(error):
            self._reporter.report(error, mechanism="excepthook", handled=False, fatal=fatal and not _has_prompt())


def find_last_exception() -> BaseException | None:
    """Return the exception that the interpreter, or a console, printed last."""
    error = getattr(sys, "last_exc", None)
    # Before Python 3.12 it has another name.
    error = getattr(sys, "last_value", None) if error is None else error
    return error if isinstance(error, BaseException) else None


def install(main: MainThread, *, save: Callable[[], object]) -> Undo:
    """
    Report the program's exception as soon as its traceback is on the terminal.

    Args:
        main: Reports the exception.
        save: Called after that, for the process may not come to its end: it waits for the threads that still run.

    Returns:
        The function that undoes it.

    """

    def look() -> None:
        main.report_death()
        save()

    def attach(_: object) -> Undo:
        return _register_before_threads_end(look)

    # The pool of threads waits for its jobs in the same place, and what is registered last is called first.
    return combine(attach(None), on_import("concurrent.futures.thread", attach), _hook_prompt(main))


def _register_before_threads_end(look: Callable[[], None]) -> Undo:
    """Call *look* when the main thread is done, before the interpreter waits for the others."""
    calls: list[Any] = getattr(threading, "_threading_atexits", [])
    before = len(calls)
    try:
        threading._register_atexit(look)  # type: ignore[attr-defined]  # noqa: SLF001 - atexit functions run only after the other threads
    except (AttributeError, RuntimeError):  # another Python, or the main thread is done: the atexit function looks
        return lambda: None
    registered = calls[before:]

    def undo() -> None:
        calls[:] = [call for call in calls if not any(call is ours for ours in registered)]

    return undo


def _hook_prompt(main: MainThread) -> Undo | None:
    """Report the exception of a program that ``python -i`` follows with a prompt, where others take its place."""
    if not sys.flags.inspect or not hasattr(sys, "__interactivehook__"):
        return None

    def make(original: Callable[[], object], patch: Patch) -> Callable[[], object]:
        def start_prompt() -> object:
            if patch.active:
                main.report_death(fatal=False)
            try:
                return original()
            except BaseException as error:
                remove_own_frame(error)
                raise

        return start_prompt

    return replace(sys, "__interactivehook__", make)


def _is_of_program(error: BaseException) -> bool:
    # A hook may have taken frames off the exception itself.
    traceback: TracebackType | None = getattr(sys, "last_traceback", None) or traceback_of(error)
    if traceback is None:
        return _is_refused_source(error)
    frame = traceback.tb_frame
    return frame.f_back is None and _is_program(frame) and not _is_typed(frame.f_code.co_filename)


def _is_program(frame: FrameType) -> bool:
    return (frame.f_globals.get("__name__"), frame.f_code.co_name) in _PROGRAMS


def _is_refused_source(error: BaseException) -> bool:
    """Return whether an exception without a traceback is that of a program whose source cannot be compiled."""
    program = sys.argv[0] if sys.argv else ""
    source = _SOURCES.get(program, program)
    return issubclass(type(error), SyntaxError) and _get_filename(error) == source and not _is_typed(source)


def _is_typed(file: str) -> bool:
    """Return whether code was typed at the interpreter's prompt, and not piped into it as the program."""
    return file.startswith("<stdin>") and hasattr(sys, "ps1")


def _has_prompt() -> bool:
    """Return whether the process went on with a prompt when the program was over."""
    return bool(sys.flags.inspect) and hasattr(sys, "ps1")
