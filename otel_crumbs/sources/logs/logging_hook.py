"""
Lines of the standard `logging` become breadcrumbs, straight from the logger.

Inline hooks lie in methods of its own. Every line that is printed passes
``Logger.callHandlers``, after the logger's own level and filters and before
handlers and propagation. The others end in the methods that applications log
with: the INFO line that was not printed is just what one wants to read after
an error.

No frame of ours is there while filters and handlers run, so whoever looks for
the line's place by frames finds what they would without us.
"""

from __future__ import annotations

import ast
import logging
import sys
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import guarded, report_failure
from otel_crumbs.base.inline_hooks import Edit, SourceLines, hook_call, insert_hook
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from otel_crumbs.trails import current

from .callbacks import handlers
from .entry import ARGS, MESSAGE, RESERVED, SOURCE, make_entry, settle_entry
from .thresholds import thresholds
from .unprinted import UnprintedLines

Report = Callable[[logging.LogRecord], None]
# Gets the name of a logger, and the `exc_info` of a call.
ReportUnprinted = Callable[[str, Any], None]

_REPORTED_FROM = logging.ERROR

# The methods that applications log with; others, such as `exception`, call these.
_LOG_CALLS = ("debug", "info", "warning", "error", "critical", "log")
# Between a line's callHandlers and the record that a handler of OpenTelemetry's emits lie about ten frames.
_MAX_FRAMES = 64


class LoggingHook:
    """
    Records log lines; `active` is False once it was undone.

    Args:
        report: Called for each line of level ERROR or above, after the breadcrumb is left.
        report_unprinted: Called for such a line with an exception that its logger does not print.

    """

    def __init__(self, report: Report | None, report_unprinted: ReportUnprinted | None = None) -> None:
        self.active = True
        self._report = report
        self._report_unprinted = report_unprinted
        self._unprinted = UnprintedLines()
        # Records on their way through a logger's own callHandlers, by identity.
        self._on_their_way: set[int] = set()

    def begin(self, logger: logging.Logger, record: logging.LogRecord) -> Any:
        """Leave the breadcrumb of a line that handlers are about to get; return its entry."""
        if not self.active or (self._on_their_way and id(record) in self._on_their_way):
            return None
        entry = None
        try:
            level, least = record.levelno, thresholds.known.get(record.name)
            if level >= (thresholds.of(record.name) if least is None else least) and not (
                handlers.any and _is_consumed(logger, record)
            ):
                branch = current.find_branch()
                entry = make_entry(logger, record, branch.name)
                branch.append(entry)
            if level >= _REPORTED_FROM and (entry is None or not entry[SOURCE]):
                self._report_failure(record)
        except RecursionError:
            # The application went too deep: it has room for its handlers, perhaps, and not for more.
            pass
        except BaseException as error:
            # A wrapping guard would be dear at every line.
            if is_thrown_in(error):
                raise
            report_failure("a log line was recorded", error)
        return entry

    @guarded("a log line was completed")
    def end(self, entry: Any, record: logging.LogRecord) -> None:
        """Complete an entry with what the handlers have made of the line."""
        is_reported = not entry[SOURCE]
        try:
            settle_entry(entry, record)
        finally:
            if record.levelno >= _REPORTED_FROM and not is_reported:
                self._report_failure(record)

    def begin_own_way(self, logger: logging.Logger, record: logging.LogRecord) -> Any:
        """Begin a line of a logger that has a callHandlers of its own, which may call the one that is hooked."""
        entry = self.begin(logger, record)
        self._on_their_way.add(id(record))
        return (entry,)

    def end_own_way(self, begun: Any, record: logging.LogRecord) -> None:
        """End such a line."""
        self._on_their_way.discard(id(record))
        if begun[0] is not None:
            self.end(begun[0], record)

    def refuse(self, logger: logging.Logger, level: int, message: Any, args: Any, kwargs: Any) -> None:
        """Record a line that its logger does not print, as a log call leaves it."""
        if not self.active:
            return
        try:
            least = thresholds.known.get(logger.name)
            if level >= (thresholds.of(logger.name) if least is None else least):
                self._unprinted.record(logger, (), level, message, args, kwargs, sys._getframe(1))  # noqa: SLF001 - its caller
                if level >= _REPORTED_FROM and self._report_unprinted is not None and kwargs.get("exc_info"):
                    self._report_unprinted(logger.name, kwargs["exc_info"])
        except RecursionError:
            pass  # there is no room left on the stack, for a report neither
        except BaseException as error:
            # Most lines end here, and a wrapping guard would be dear.
            if is_thrown_in(error):
                raise
            report_failure("a log line that is not printed was recorded", error)

    @guarded("a log line of an adapter that is not printed was recorded")
    def refuse_adapted(self, adapter: Any, level: int, message: Any, args: Any, kwargs: Any) -> None:
        """Record a line that was logged with an adapter."""
        if not self.active:
            return
        adapters = [adapter]
        while issubclass(type(logger := adapters[-1].logger), logging.LoggerAdapter):
            adapters.append(logger)
        if issubclass(type(logger), logging.Logger) and level >= thresholds.of(logger.name):
            frame = sys._getframe(2)  # noqa: SLF001 - the guard's caller
            self._unprinted.record(logger, adapters, level, message, args, kwargs, frame)

    def _report_failure(self, record: logging.LogRecord) -> None:
        if self._report is not None:
            self._report(record)


# Of the functions that lines pass while handlers run: who emits a record meanwhile emits the same line.
_codes_around_handlers: dict[CodeType, LoggingHook] = {}


def install(report: Report | None = None, report_unprinted: ReportUnprinted | None = None) -> Undo:
    """
    Record every line from LOG_LEVEL up, printed or not.

    Args:
        report: Called for each line of level ERROR or above, after the breadcrumb is left.
        report_unprinted: Called for such a line with an exception that its logger does not print.

    Returns:
        The function that undoes it.

    """
    hook = LoggingHook(report, report_unprinted)
    undos: list[Undo] = []

    def attach(module: ModuleType) -> None:
        # The module may be loaded again, and the loggers of before go on with the classes of before.
        undos.append(_hook_classes(module, hook))

    stop = on_import("logging", attach)

    def undo() -> None:
        hook.active = False
        combine(*undos, stop)()

    return undo


def is_handling_line() -> bool:
    """Return whether the caller runs in a handler of a line that is recorded here: it is the same line again."""
    if not _codes_around_handlers:
        return False
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - `inspect` has the same function under another name
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return False
        if (hook := _codes_around_handlers.get(frame.f_code)) is not None:
            return hook.active
        frame = frame.f_back
    return False


def _hook_classes(module: ModuleType, hook: LoggingHook) -> Undo:
    source = SourceLines("logging")
    logger_class, adapter_class = module.Logger, module.LoggerAdapter
    around = [
        _insert(logger_class, "callHandlers", source, _change_call_handlers, hook),
        _insert(logger_class, "handle", source, _change_handle, hook),
    ]
    codes = [getattr(vars(logger_class)[name], "__code__", None) for name in ("callHandlers", "handle")]
    if around[0] is None:
        around[0] = replace(logger_class, "callHandlers", lambda original, patch: _make_stand_in(original, patch, hook))
    calls = [_insert(logger_class, name, source, _change_log_call, hook) for name in _LOG_CALLS]
    calls.append(_insert(adapter_class, "log", source, partial(_change_log_call, method="refuse_adapted"), hook))
    mine = [code for code in codes if code is not None]
    _codes_around_handlers.update(dict.fromkeys(mine, hook))

    def forget_codes() -> None:
        for code in mine:
            _codes_around_handlers.pop(code, None)

    return combine(*around, *calls, forget_codes)


def _insert(owner: type, name: str, source: SourceLines, edit: Edit, hook: LoggingHook) -> Undo | None:
    function = vars(owner)[name]
    return insert_hook(function, source, edit, hook) if isinstance(function, FunctionType) else None


def _change_call_handlers(function: ast.FunctionDef) -> bool:
    """Put a method's own statements between the calls of the hook; the second is made only where it has to."""
    if any(isinstance(node, ast.Return) for node in ast.walk(function)):
        return False
    documentation, *body = function.body
    first, last = body[0], body[-1]
    begin = hook_call("crumb = HOOK.begin(self, record)", first)
    end = hook_call(
        f"if crumb is not None and (crumb[{SOURCE}] is not None or crumb[{MESSAGE}] is not record.msg"
        f" or crumb[{ARGS}] is not record.args) and crumb[{SOURCE}] is not False: HOOK.end(crumb, record)",
        last,
    )
    around = ast.copy_location(ast.Try(body=body, handlers=[], orelse=[], finalbody=end), first)
    function.body = [documentation, *begin, around]
    return True


def _change_handle(function: ast.FunctionDef) -> bool:
    """Put the calls of the hook around that of callHandlers, for classes that have their own."""
    for node in ast.walk(function):
        for statements in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if not isinstance(statements, list):
                continue
            for index, statement in enumerate(statements):
                if isinstance(statement, ast.Expr) and ast.unparse(statement) == "self.callHandlers(record)":
                    statements[index : index + 1] = _wrap_call(statement)
                    return True
    return False


def _wrap_call(call: ast.stmt) -> list[ast.stmt]:
    # Nearly all loggers are of the class itself, which need not be asked.
    is_own = "type(self) is not Logger and self.__class__.callHandlers is not Logger.callHandlers"
    begin = hook_call(f"crumb = HOOK.begin_own_way(self, record) if {is_own} else None", call)
    end = hook_call("if crumb is not None: HOOK.end_own_way(crumb, record)", call)
    return [*begin, ast.copy_location(ast.Try(body=[call], handlers=[], orelse=[], finalbody=end), call)]


def _change_log_call(function: ast.FunctionDef, method: str = "refuse") -> bool:
    """Call the hook where the method does nothing because the logger is not enabled for the level."""
    last = function.body[-1]
    if not isinstance(last, ast.If) or last.orelse or not isinstance(last.test, ast.Call):
        return False
    if ast.unparse(last.test.func) != "self.isEnabledFor":
        return False
    last.orelse = hook_call(f"HOOK.{method}(self, {ast.unparse(last.test.args[0])}, msg, args, kwargs)", last)
    return True


def _make_stand_in(original: Callable[..., None], patch: Patch, hook: LoggingHook) -> Callable[..., None]:
    """Return a stand-in that records printed lines, for where logging's own source is not there."""

    def call_handlers(self: logging.Logger, record: logging.LogRecord) -> None:
        entry = hook.begin(self, record) if patch.active else None
        try:
            original(self, record)
        finally:
            if entry is not None:
                hook.end(entry, record)

    return call_handlers


def _is_consumed(logger: logging.Logger, record: logging.LogRecord) -> bool:
    extra = {key: value for key, value in vars(record).items() if key not in RESERVED}
    known = {"extra": extra or None, "exc_info": record.exc_info}
    return handlers.consume(logger, record.levelno, record.msg, record.args, known)
