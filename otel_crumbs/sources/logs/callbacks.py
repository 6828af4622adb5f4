"""
Callbacks that see log lines before they become breadcrumbs.

They have raven's meaning: called with ``(logger, level, msg, args, kwargs)``,
where *level* is a number and *kwargs* what the log call was given, such as
``extra`` and ``exc_info``. A true result means that the line was consumed
and leaves no breadcrumb.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import warn

LogCallback = Callable[[logging.Logger, int, Any, Any, dict[str, Any]], Any]


class LogHandlers:
    """The callbacks of the process; it has one `handlers`."""

    def __init__(self) -> None:
        self._general: list[LogCallback] = []
        self._special: dict[str, LogCallback] = {}
        # Most processes have none; who sees every line looks here first.
        self.any = False

    def add(self, callback: LogCallback) -> None:
        """Call it for every line of every logger."""
        self._general.append(callback)
        self.any = True

    def add_special(self, name: str, callback: LogCallback) -> None:
        """Call it for the lines of one logger; the last one registered counts."""
        self._special[name] = callback
        self.any = True

    def reset(self) -> None:
        """Forget every callback."""
        self._general.clear()
        self._special.clear()
        self.any = False

    def consume(self, logger: logging.Logger, level: int, message: Any, args: Any, kwargs: dict[str, Any]) -> bool:
        """Return whether a callback consumed the line."""
        callbacks = [*self._general]
        if logger.name in self._special:
            callbacks.append(self._special[logger.name])
        return any(_call(callback, logger, level, message, args, kwargs) for callback in callbacks)


handlers = LogHandlers()


def register_logging_handler(callback: LogCallback) -> None:
    """
    Call a function for every log line, before it becomes a breadcrumb.

    Args:
        callback: Called with ``(logger, level, msg, args, kwargs)``; a true
            result means that the line leaves no breadcrumb.

    """
    handlers.add(callback)


def register_special_log_handler(name_or_logger: str | logging.Logger, callback: LogCallback) -> None:
    """
    Call a function for the lines of one logger, before they become breadcrumbs.

    Args:
        name_or_logger: The logger or its exact name.
        callback: As in `register_logging_handler`; one for each logger, the
            last one counts.

    """
    name = name_or_logger.name if isinstance(name_or_logger, logging.Logger) else str(name_or_logger)
    handlers.add_special(name, callback)


def _call(callback: LogCallback, *call: Any) -> bool:
    try:
        return bool(callback(*call))
    except BaseException as error:
        # The application's own code runs here.
        if is_thrown_in(error):
            raise
        warn("log handler", "The log handler %r raised %r; its line is recorded as usual.", callback, error)
        return False
