"""
The events of `sys.monitoring` by which swallowed exceptions are noticed.

They cost nothing where nothing is raised: the interpreter asks for them where it
looks for a handler. What is read of an exception is read at once, for keeping
it would keep the variables of all its frames.
"""

from __future__ import annotations

import sys
import threading
from time import time_ns
from types import CodeType, FrameType, TracebackType, WrapperDescriptorType
from typing import Any, cast

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.exceptions import origin_of, read_message
from otel_crumbs.base.guard import report_failure, warn
from otel_crumbs.base.patching import Undo
from otel_crumbs.trails import Branch, current, iterate_chain, on_report

from .clauses import is_match_possible
from .entry import COUNT, KEY, SWALLOWED, Key, SwallowedEntry
from .handlers import Handlers, Readings, is_handler

TOOL = "otel_crumbs"
# Numbers 0, 1 and 2 are debuggers', coverage's and profilers', which fail where another tool has theirs:
# https://docs.python.org/3/library/sys.monitoring.html#registering-and-using-tools
TOOL_IDS = (4, 3, 5)

LONGEST_TEXT = 1024
# Of a recursion so many frames are looked at for the place where the exception was raised.
_MAX_FRAMES = 100
# Exceptions of one thread whose handlers may be running: what becomes of more is not followed.
_MAX_RUNNING = 32
# Classes of exceptions that are known of one function's handlers.
_MAX_KINDS = 200
_MAX_LINKS = 8
# Entries that were taken back, between those of a loop.
_MAX_REVOKED = 4
_DOING = "a swallowed exception was noticed"

# The ways of a program to go on, and imports of what may be missing.
_CONTROL_FLOW = (StopIteration, StopAsyncIteration, ImportError)

_handlers = Handlers()
_functions = _handlers.functions
# By thread, the entries of exceptions whose handlers may be running, by the exception's identity.
_running = threading.local()
# How the text of an exception is read: as its first argument, or by asking for it.
_LEFT_OUT, _ARGUMENT, _ASKED = 0, 1, 2

_get_traceback = BaseException.__dict__["__traceback__"].__get__
_get_context = BaseException.__dict__["__context__"].__get__
_get_arguments = BaseException.__dict__["args"].__get__


def install() -> Undo | None:
    """Have swallowed exceptions leave breadcrumbs; return the function that undoes it, None where that cannot be."""
    if sys.version_info < (3, 12):
        warn(
            TOOL,
            "OTEL_CRUMBS_SWALLOWED needs Python 3.12 or newer, for sys.monitoring; this is Python %d.%d. Swallowed "
            "exceptions leave no breadcrumbs. Remedy: a newer Python, or unset the variable.",
            *sys.version_info[:2],
        )
        return None
    monitoring: Any = sys.monitoring
    tool = _take_tool(monitoring)
    if tool is None:
        used = ", ".join(f"{number}: {monitoring.get_tool(number)}" for number in TOOL_IDS)
        warn(
            TOOL,
            "OTEL_CRUMBS_SWALLOWED found no free tool of sys.monitoring (%s). Swallowed exceptions leave no "
            "breadcrumbs. Remedy: run without one of those tools, or unset the variable.",
            used,
        )
        return None
    return _watch(monitoring, tool)


def _watch(monitoring: Any, tool: int) -> Undo:
    events = monitoring.events
    callbacks = {events.EXCEPTION_HANDLED: _handle_exception, events.RERAISE: _handle_raised_on}
    for event, callback in callbacks.items():
        monitoring.register_callback(tool, event, callback)
    monitoring.set_events(tool, events.EXCEPTION_HANDLED | events.RERAISE)
    on_report.append(_take_back_reported)

    def undo() -> None:
        on_report.remove(_take_back_reported)
        # Somebody else may have freed the tool, and have another one in its place.
        if monitoring.get_tool(tool) == TOOL:
            monitoring.set_events(tool, 0)
            for event in callbacks:
                monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)
        _handlers.clear()
        _running.__dict__.clear()

    return undo


def _take_tool(monitoring: Any) -> int | None:
    for number in TOOL_IDS:
        try:
            monitoring.use_tool_id(number, TOOL)
        except ValueError:  # in use
            continue
        return number
    return None


def _handle_exception(code: CodeType, place: int, error: BaseException) -> None:
    """Leave an entry of an exception that the interpreter found a handler for."""
    try:
        # The bodies of small functions without the calls: this runs at every exception of the application.
        kept = _functions.get(id(code))
        readings = kept[1] if kept is not None and kept[0] is code else _handlers.find_readings(code)
        if readings is None:
            return
        kind = type(error)
        reading = readings.get((place, kind))
        if reading is None:
            reading = _find_reading(readings, code, place, kind)
        if not reading:
            return
        arguments = _get_arguments(error)
        text = arguments[0] if reading == _ARGUMENT and len(arguments) == 1 else None
        if type(text) is not str or len(text) > LONGEST_TEXT:
            text = read_message(error)[:LONGEST_TEXT]
        _count(code, place, kind, text, error)
    except RecursionError:
        pass  # there is no room left on the stack
    except BaseException as failure:
        if is_thrown_in(failure):
            raise
        report_failure(_DOING, failure)


def _count(code: CodeType, place: int, kind: type, text: str, error: BaseException) -> None:
    """Count an exception: of a loop that goes on and on there is one entry."""
    key = code, place, kind, text
    branch = current.find_branch()
    newest: Any = branch.newest
    entry = newest[-1] if newest else None
    if type(entry) is not SwallowedEntry:
        entry = _append_entry(branch, key, error)
    elif entry[COUNT] > 0 and entry[KEY] == key:
        entry[COUNT] += 1
    else:
        revoked = None if entry[COUNT] else _find_revoked(branch, key, error, entry)
        entry = revoked or _append_entry(branch, key, error)
    try:
        running = _running.entries
    except AttributeError:
        running = _running.entries = {}
    running[id(error)] = entry
    if len(running) > _MAX_RUNNING:
        del running[next(iter(running))]


def _find_revoked(branch: Branch, key: Key, error: BaseException, newest: Any) -> SwallowedEntry | None:
    """Return the entry that tells of an exception already, where the newest entry was taken back."""
    if newest[COUNT] < 0:
        return None
    entry: Any
    for entry in branch.newest[: -_MAX_REVOKED - 1 : -1]:
        if type(entry) is not SwallowedEntry:
            break
        if entry[COUNT] > 0:
            if entry[KEY] != key:
                break
            entry[COUNT] += 1
            return entry
    traceback = _get_traceback(error)
    # It comes from a function whose handler was for another class, and not from where it is handled.
    if newest[KEY][2:] == key[2:] and traceback is not None and traceback.tb_next is not None:
        newest[COUNT], newest[KEY] = 1, key
        return cast("SwallowedEntry", newest)
    return None


def _append_entry(branch: Branch, key: Key, error: BaseException) -> SwallowedEntry:
    traceback = _get_traceback(error)
    if traceback is None:
        origin = key[:2]
    elif traceback.tb_next is None:
        origin = key[0], traceback.tb_lasti
    else:
        origin = _find_origin(traceback)
    entry = SwallowedEntry((time_ns(), False, branch.name, SWALLOWED, "exception", 1, key, origin))
    branch.append(entry)  # type: ignore[arg-type]  # a list that stands for one
    return entry


def _find_reading(readings: Readings, code: CodeType, place: int, kind: type[BaseException]) -> int:
    """Return how the text of an exception is read, 0 where the handler leaves it to others."""
    is_candidate = issubclass(kind, Exception) and not issubclass(kind, _CONTROL_FLOW) and is_handler(code, place)
    if not (is_candidate and is_match_possible(code, place, kind, _find_frame(code))):
        reading = _LEFT_OUT
    elif kind.__str__ is BaseException.__str__ and type(kind.__repr__) is WrapperDescriptorType:
        reading = _ARGUMENT
    else:
        reading = _ASKED
    if len(readings) >= _MAX_KINDS:
        readings.clear()
    readings[place, kind] = reading
    return reading


def _find_frame(code: CodeType) -> FrameType:
    """Return the frame of the function whose handler begins."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - public in all but name
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    assert frame is not None  # noqa: S101 - for mypy: it called
    return frame


def _find_origin(traceback: TracebackType) -> tuple[CodeType, int]:
    """Return the place where an exception was raised, as a function's code and an offset in it."""
    for _ in range(_MAX_FRAMES):
        further = traceback.tb_next
        if further is None:
            break
        traceback = further
    return traceback.tb_frame.f_code, traceback.tb_lasti


def _handle_raised_on(code: CodeType, _: int, error: BaseException) -> None:
    """Take back the entry of an exception that the handler raised again, or raised another one for."""
    try:
        try:
            running = _running.entries
        except AttributeError:
            return
        entry = running.get(id(error))
        if entry is not None:
            if entry[COUNT] > 0 and entry[KEY][0] is code:
                entry[COUNT] -= 1
            return
        if _get_context(error) is not None:
            _take_back_origins(running, error, code)
    except RecursionError:
        pass  # there is no room left on the stack
    except BaseException as failure:
        if is_thrown_in(failure):
            raise
        report_failure(_DOING, failure)


def _take_back_origins(running: dict[int, SwallowedEntry], error: BaseException, code: CodeType) -> None:
    for _ in range(_MAX_LINKS):
        origin = origin_of(error)
        if origin is None:
            return
        error = origin[1]
        entry = running.get(id(error))
        if entry is not None and entry[COUNT] > 0 and entry[KEY][0] is code:
            entry[COUNT] -= 1
            del running[id(error)]


def _take_back_reported(error: BaseException) -> None:
    """Take back the entries of exceptions that an event is about."""
    running: dict[int, SwallowedEntry] | None = _running.__dict__.get("entries")
    for link in iterate_chain(error) if running else ():
        entry = running.pop(id(link), None)  # type: ignore[union-attr]  # there are entries
        if entry is not None and entry[COUNT] > 0:
            entry[COUNT] -= 1
