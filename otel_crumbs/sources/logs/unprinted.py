"""
Lines that no handler gets, told as if they were printed.

`logging` makes no record of a line that the logger's level holds back. The
record made here passes what a printed one passes: the adapter that it was
logged with, the record factory, the logger's filters. These are the
application's own code, so they run on copies of their state, and they get
placeholders of its objects. Where an adapter or a filter cannot be run so, the
line is left out: it may be the one that takes a password out.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Sequence
from types import FrameType, FunctionType, MethodType
from typing import Any

from otel_crumbs.trails import current

from .callbacks import handlers
from .entry import EXCEPTION, RESERVED, TEXT, format_exception, make_entry, make_unprinted_entry, read_own_words
from .isolated_calls import LeftOutError, StateCopy, call_isolated
from .placeholders import ValueCopier, is_small

_LOGGING_SOURCE = logging.Logger.log.__code__.co_filename
# Before Python 3.11 `stacklevel` counts frames of logging's own.
_COUNTS_OWN_FRAMES = sys.version_info < (3, 11)
# A filter may return another record.
_TAKES_RECORDS = sys.version_info >= (3, 12)
_INSTRUMENTATION = "opentelemetry.instrumentation.logging"
# Attributes of loggers that the application's methods do not change.
_OF_LOGGERS = frozenset(vars(logging.Logger("")))  # noqa: LOG001 - it is no logger for lines


class UnprintedLines:
    """Records the lines that a log call does not print."""

    def __init__(self) -> None:
        # Threads in the application's code that runs for a line: what it logs is no line of the application's.
        self._busy: set[int] = set()

    def record(
        self,
        logger: logging.Logger,
        adapters: Sequence[Any],
        level: int,
        message: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        call: FrameType,
    ) -> None:
        """
        Leave the breadcrumb of a log call.

        Args:
            logger: Does not print the line.
            adapters: Of the logger, the one that was called first.
            level: The line's level.
            message: As it was given to the method.
            args: As they were given to the method.
            kwargs: As they were given to the method, such as `extra`.
            call: The frame of the method.

        """
        thread = threading.get_ident()
        if thread in self._busy or (handlers.any and handlers.consume(logger, level, message, args, kwargs)):
            return
        branch = current.find_branch()
        if not adapters and _is_plain(logger):
            place = _find_place(call, kwargs.get("stacklevel", 1), 0)
            branch.append(make_unprinted_entry(branch.name, logger.name, level, message, args, kwargs, place))
            return
        self._busy.add(thread)
        try:
            record, exception = _make_record(logger, adapters, level, message, args, kwargs, call)
            entry = make_entry(logger, record, branch.name)
            entry[EXCEPTION] = exception
            if type(record).getMessage is not logging.LogRecord.getMessage:
                entry[TEXT] = call_isolated(read_own_words, record)
        except LeftOutError:
            return
        finally:
            self._busy.discard(thread)
        branch.append(entry)


def _is_plain(logger: logging.Logger) -> bool:
    """Return whether lines of a logger pass nothing of the application's on their way to the handlers."""
    kind = type(logger)
    return (
        not logger.filters
        and _find_factory() is logging.LogRecord
        and _is_of_logging(kind.makeRecord)
        and _is_of_logging(kind.filter)
    )


def _is_of_logging(method: Any) -> bool:
    """Return whether a method is logging's own, also where the module was loaded again since."""
    return getattr(method, "__globals__", None) is vars(logging)


def _find_factory() -> Any:
    """Return the record factory below that of OpenTelemetry's instrumentation, whose fields are no data of a line."""
    factory: Any = logging.getLogRecordFactory()
    if type(factory) is FunctionType and factory.__module__ == _INSTRUMENTATION:
        cells = dict(zip(factory.__code__.co_freevars, factory.__closure__ or (), strict=True))
        below = cells.get("old_factory")
        return logging.LogRecord if below is None else below.cell_contents
    return factory


def _make_record(
    logger: logging.Logger,
    adapters: Sequence[Any],
    level: int,
    message: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    call: FrameType,
) -> tuple[logging.LogRecord, str | None]:
    """Return the record that handlers would have got, and the exception that it would have had."""
    place = _find_place(call, kwargs.get("stacklevel", 1), len(adapters))
    exception, _ = format_exception(kwargs.get("exc_info"))
    kwargs = ValueCopier().copy({**kwargs, "exc_info": None})
    for adapter in adapters:
        message, kwargs = _run_adapter(adapter, message, kwargs)
    extra = kwargs.get("extra")
    fields = {name: value for name, value in extra.items() if name not in RESERVED} if type(extra) is dict else {}
    path, line, function = place
    values = logger.name, level, path, line, _copy_message(message), _copy_args(args), None, function
    try:
        record = _run_factory(logger, values, fields)
    except LeftOutError:
        # What it adds is missing, then.
        record = logging.LogRecord(*values)
    for name in fields.keys() - vars(record).keys():
        vars(record)[name] = fields[name]
    return _run_filters(logger, record), exception


def _copy_message(message: Any) -> Any:
    return message if type(message) is str else ValueCopier().copy(message)


def _copy_args(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return args if is_small("", args) else tuple(map(ValueCopier().copy, args))


def _run_adapter(adapter: Any, message: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return a line's message and keyword arguments as an adapter makes them."""
    if _is_of_logging(type(adapter).process):
        extra = ValueCopier().copy(adapter.extra)
        if getattr(adapter, "merge_extra", False) and "extra" in kwargs:
            extra = {**extra, **kwargs["extra"]}
        return message, {**kwargs, "extra": extra}
    copy = StateCopy(replace=_hide).copy_attributes(adapter)
    message, kwargs = call_isolated(copy.process, _copy_message(message), kwargs)
    return message, ValueCopier().copy(kwargs) if type(kwargs) is dict else {}


def _hide(value: Any) -> Any:
    return ValueCopier().copy(value)


def _run_factory(logger: logging.Logger, values: tuple[Any, ...], fields: dict[str, Any]) -> logging.LogRecord:
    """Return the record that the logger's own makeRecord makes, or the factory of the application."""
    factory = _find_factory()
    if not _is_of_logging(type(logger).makeRecord):
        _require_stateless(factory)
        copy = StateCopy().copy_attributes(logger, shared=_OF_LOGGERS)
        return _require_record(call_isolated(copy.makeRecord, *values, fields or None, None))
    if factory is logging.LogRecord:
        return logging.LogRecord(*values)
    if isinstance(factory, type):
        _require_stateless(factory)
    return _require_record(call_isolated(StateCopy().copy(factory), *values, None))


def _require_stateless(factory: Any) -> None:
    """Leave the line out where a record factory that cannot be copied may remember something."""
    functions: Iterable[Any] = [factory]
    if isinstance(factory, type):
        own = [vars(kind) for kind in factory.__mro__ if kind not in logging.LogRecord.__mro__]
        functions = [names[name] for names in own for name in ("__new__", "__init__", "__setattr__") if name in names]
    if any(StateCopy().copy(function) is not function for function in functions):
        raise LeftOutError


def _require_record(record: Any) -> logging.LogRecord:
    if not issubclass(type(record), logging.LogRecord):
        raise LeftOutError
    return record  # type: ignore[no-any-return]


def _run_filters(logger: logging.Logger, record: logging.LogRecord) -> logging.LogRecord:
    """Return the record as the logger's filters leave it."""
    if not _is_of_logging(type(logger).filter):
        raise LeftOutError
    for each in tuple(logger.filters):
        result = call_isolated(_ask_filter, each, record)
        if not result:
            raise LeftOutError
        if _TAKES_RECORDS and issubclass(type(result), logging.LogRecord):
            record = result
    return record


def _ask_filter(each: Any, record: logging.LogRecord) -> Any:
    kind = type(each)
    if kind is logging.Filter:
        return each.filter(record)
    state = StateCopy()
    if kind is FunctionType or kind is MethodType:
        result = state.copy(each)(record)
    elif hasattr(kind, "filter"):
        result = state.copy_attributes(each).filter(record)
    else:
        copy = state.copy_attributes(each)
        result = MethodType(state.copy(kind.__call__), copy)(record)
    # A record or an answer: what says so may be the application's own.
    return result if issubclass(type(result), logging.LogRecord) else bool(result)


def _find_place(call: FrameType, stacklevel: Any, adapters: int) -> tuple[str, int, str]:
    """Return file, line and function as `Logger.findCaller` does, which an application may have replaced."""
    levels = stacklevel if type(stacklevel) is int else 1
    frame = call
    if _COUNTS_OWN_FRAMES:
        # They are counted from the call of the logger on, which the last adapter makes.
        levels -= max(adapters - 1, 0)
        frame = _find_above(frame if adapters else frame.f_back or frame, levels - 1)
        levels = 0
    while frame.f_back is not None and (levels > 0 or _is_own(frame)):
        frame = frame.f_back
        levels -= not _is_own(frame)
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name


def _find_above(start: FrameType, levels: int) -> FrameType:
    """Return the frame so many levels above one; that itself where there are not so many."""
    frame: FrameType | None = start
    for _ in range(levels):
        frame = frame and frame.f_back
    return frame or start


def _is_own(frame: FrameType) -> bool:
    """Return whether a frame is of `logging`, or of an import, which Python 3.11 passes over as well."""
    filename = frame.f_code.co_filename
    if filename == _LOGGING_SOURCE:
        return True
    return not _COUNTS_OWN_FRAMES and "importlib" in filename and "_bootstrap" in filename
