"""``logger.exception(...)``: handled, but worth a report."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import guarded

from .celery_tasks import find_task_attributes
from .reporter import Reporter

# Frameworks log what nobody handled on their way to the 500; see each one's
# source for the logger that it uses.
_UNHANDLED = frozenset(
    {
        "aiohttp.server",
        "apscheduler._schedulers.async_",
        "arq.worker",
        "asyncio",
        "celery.app.trace",
        "concurrent.futures",
        "daphne.server",
        "django.request",
        "dramatiq.worker.WorkerThread",
        "gunicorn.error",
        "huey",
        "hypercorn.error",
        "tornado.application",
        "uvicorn.error",
        "waitress",
    }
)
# Followed by the name of an executor.
_APSCHEDULER = "apscheduler.executors."
# OpenTelemetry's own failure to detach a context that was attached elsewhere, and none of the application's:
# https://github.com/open-telemetry/opentelemetry-python/issues/2606
_BOOKKEEPING = frozenset({"opentelemetry.context"})
# Flask logs with the application's own logger, out of this method.
_FLASK = ("log_exception", "flask")

# https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
_OTEL_ERROR = 17


class LoggedExceptions:
    """
    Reports exceptions that are logged with level ERROR or above.

    Args:
        reporter: Gets the exception.
        with_exceptions: Whether exceptions are reported.
        report_text: Gets the lines that carry none, for they may have one as text; None if nobody wants them.

    """

    def __init__(
        self,
        reporter: Reporter,
        report_text: Callable[[logging.LogRecord], None] | None = None,
        *,
        with_exceptions: bool = True,
    ) -> None:
        self._reporter = reporter
        self._with_exceptions = with_exceptions
        self._report_text = report_text

    @guarded("a logged exception was reported")
    def report(self, record: logging.LogRecord) -> None:
        """Report the exception of a log record."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if record.name in _BOOKKEEPING:
            return
        if isinstance(error, BaseException):
            if self._with_exceptions:
                attributes, handled = find_task_attributes(record), not _is_unhandled(record)
                self._reporter.report(error, mechanism="logging", handled=handled, attributes=attributes)
        elif self._report_text is not None:
            self._report_text(record)

    @guarded("a logged exception was reported")
    def report_unprinted(self, name: str, exc_info: Any) -> None:
        """
        Report the exception of a line that a server does not print: nobody handled it, however little the server says.

        Args:
            name: The name of the logger.
            exc_info: As it was given to the log call.

        """
        if not _is_unhandled_by(name) or not self._with_exceptions:
            return
        error = exc_info if isinstance(exc_info, BaseException) else None
        if error is None:
            error = exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1]
        if isinstance(error, BaseException):
            self._reporter.report(error, mechanism="logging", handled=False)

    @guarded("an emitted exception was reported")
    def report_emitted(self, emitted: Any) -> None:
        """Report the exception object that an OpenTelemetry log record of level ERROR carries."""
        record = emitted.log_record
        error = getattr(record, "exception", None)
        severity = record.severity_number.value if record.severity_number else 0
        scope = emitted.instrumentation_scope
        if scope is not None and scope.name in _BOOKKEEPING:
            return
        if isinstance(error, BaseException) and severity >= _OTEL_ERROR and self._with_exceptions:
            self._reporter.report(error, mechanism="log_record", handled=True)


def _is_unhandled(record: logging.LogRecord) -> bool:
    if _is_unhandled_by(record.name):
        return True
    function, package = _FLASK
    return record.funcName == function and package in record.pathname


def _is_unhandled_by(name: str) -> bool:
    return name in _UNHANDLED or name.startswith(_APSCHEDULER)
