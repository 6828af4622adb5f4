"""
Installing and uninstalling: the only place that changes global state.

Each step returns what undoes it; `Installation.uninstall` runs them backwards.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider

from . import trail as trails
from .capture import asyncio_loop, django_signal, excepthook, threads, unraisable
from .capture.enriched import EnrichedRecords
from .capture.failed_spans import FailedOperations
from .capture.logged import LoggedExceptions
from .capture.once import Reporter
from .capture.storms import Storms
from .config import Config
from .ending import LastSeconds, hard_exit, orderly, sigterm
from .event import Builder, Seized
from .event.scrub import Scrubber
from .export import Delivery, SpoolPlace, metrics
from .export.registry import make_exporters
from .guard import guarded, tell, warn
from .sources import django_orm, http_client, redirects, sampling, sqlite_connection, stdlib_logging
from .sources.log_floor import floor
from .sources.log_records import BreadcrumbLogRecordProcessor
from .sources.providers import add_log_record_processor, add_span_processor, on_logger_provider, on_tracer_provider
from .sources.spans import BreadcrumbSpanProcessor
from .values import DEFAULT_SPOOL, NO_SPOOL

Undo = Callable[[], None]


class Installation:
    """
    What `install` put in place.

    Args:
        config: The effective settings.

    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.builder = Builder(
            scrubber=Scrubber(config.scrub_keys),
            max_bytes=config.max_event_bytes,
            before_breadcrumb=config.before_breadcrumb,
            before_send=config.before_send,
            resource=resource_attributes,
        )
        exporters = make_exporters(config, os.environ) if config.enabled else ()
        self.delivery = Delivery(exporters, self.builder.build, spool=_spool(config), service=service_name)
        self.reporter = Reporter(self.delivery.emit, Storms(config.rate_limit))
        self.hooked: list[str] = []
        self._undos: list[Undo] = []
        self._last_seconds = LastSeconds(config.flush_timeout)

    @property
    def active(self) -> bool:
        """Whether anything is in place."""
        return bool(self._undos)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait for delivery, FLUSH_TIMEOUT by default; return True only if everything was acknowledged."""
        return self.delivery.flush(self.config.flush_timeout if timeout is None else timeout)

    def uninstall(self) -> None:
        """Undo every hook, patch and processor, the last first."""
        global _installation  # noqa: PLW0603 - the process has one
        with _lock:
            for undo in reversed(self._undos):
                _run(undo)
            self._undos.clear()
            self.hooked.clear()
            if _installation is self:
                _installation = None
        if self.delivery.lanes:
            self.delivery.end(self.config.flush_timeout)
        self.delivery.close()

    def put_in_place(self) -> None:
        """Put every part in place; one that fails is left out and said."""
        for name, step in _steps(self):
            undo = guarded(f"{name} was put in place")(step)()
            if undo is not None:
                self._undos.append(undo)
                self.hooked.append(name)

    def end(self) -> None:
        """Bring events to safety, and deliver what can be delivered: FLUSH_TIMEOUT is for all ends together."""
        if self.delivery.pending:
            self._last_seconds.spend(self.delivery.end)

    def save(self) -> None:
        """Bring events to safety, for the end is near."""
        if self.delivery.pending:
            self._last_seconds.spend(self.delivery.save)


_lock = threading.RLock()
_installation: Installation | None = None


def install(**options: Any) -> Installation:
    """
    Put breadcrumbs in place, beside the OpenTelemetry that runs here or comes later.

    Calling it again changes nothing, unless the settings differ: then it
    starts anew with these.

    Args:
        options: Any of `otel_crumbs.config.SETTINGS` by name; they override
            the environment variables ``OTEL_CRUMBS_<NAME>``.

    Raises:
        ConfigError: If an option is unknown or its value cannot be used.

    Example:
        >>> import otel_crumbs
        >>> installation = otel_crumbs.install(exporter="console")
        >>> installation.uninstall()

    """
    global _installation  # noqa: PLW0603 - the process has one
    config = Config.read(os.environ, options)
    with _lock:
        if _installation is not None:
            if not options or _installation.config == config:
                return _installation
            _installation.uninstall()
        installation = Installation(config)
        if config.enabled and not _sdk_disabled(os.environ):
            installation.put_in_place()
        _installation = installation
        return installation


def uninstall() -> None:
    """Undo what `install` did; nothing happens where it never ran."""
    if _installation is not None:
        _installation.uninstall()


def installed() -> Installation | None:
    """Return what is in place, None where nothing is."""
    return _installation


@guarded("an exception was captured")
def capture_exception(error: BaseException | None = None, *, handled: bool = True) -> str | None:
    """
    Report an exception with its trail.

    Args:
        error: The exception; the one being handled if None.
        handled: Whether the application dealt with it.

    Returns:
        The event's id, None if nothing was reported.

    """
    error = error if error is not None else sys.exc_info()[1]
    if not isinstance(error, BaseException):
        warn("capture", "otel_crumbs.capture_exception() needs an exception, or to be called while one is handled.")
        return None
    if _installation is None or not _installation.active:
        warn("capture", "otel_crumbs.capture_exception() reports nothing before otel_crumbs.install().")
        return None
    return _installation.reporter.report(error, mechanism="capture_exception", handled=handled)


def trail() -> tuple[trails.Breadcrumb, ...]:
    """Return what an error raised right here would carry, oldest first."""
    rendered, _ = trails.snapshot(trails.current.branch()).render()
    return _installation.builder.breadcrumbs(rendered) if _installation is not None else rendered


def flush(timeout: float = 2.0) -> bool:
    """
    Wait for the events captured so far to be delivered.

    Args:
        timeout: In seconds.

    Returns:
        True only if everything was acknowledged.

    """
    return _installation.flush(timeout) if _installation is not None else True


def resource_attributes() -> Mapping[str, Any]:
    """Return the application's own resource, as the SDK has it now."""
    for provider in (trace.get_tracer_provider(), _logs.get_logger_provider()):
        if isinstance(provider, TracerProvider | LoggerProvider):
            return provider.resource.attributes
    try:
        return _resource_without_sdk().attributes
    except RuntimeError:  # its detectors run in threads, which the end of the interpreter no longer lets start
        return OTELResourceDetector().detect().attributes


@cache
def _resource_without_sdk() -> Resource:
    return Resource.create()


def service_name() -> str:
    """Return what the service is called, as far as is known now."""
    return str(resource_attributes().get("service.name") or "unknown_service")


def _spool(config: Config) -> SpoolPlace | None:
    if config.spool_dir == NO_SPOOL:
        return None
    base = None if config.spool_dir == DEFAULT_SPOOL else Path(config.spool_dir)
    return SpoolPlace(base=base, max_bytes=config.spool_max_bytes)


def _steps(installation: Installation) -> Iterator[tuple[str, Callable[[], Undo | None]]]:
    """Iterate over what there is to put in place, in the order it must be."""
    config, reporter = installation.config, installation.reporter
    failed = FailedOperations(reporter)
    logged = LoggedExceptions(reporter)
    yield "limits", lambda: _limits(config)
    yield "spans", lambda: _spans(config, failed)
    yield "log records", lambda: _log_records(config, logged, installation.builder)
    yield "logging", lambda: stdlib_logging.install(logged.report if "logging" in config.capture else None)
    yield "http.client", http_client.install
    yield "redirects", redirects.install
    yield "sqlite3 connections", sqlite_connection.install
    yield "Django's SQL", django_orm.install
    if "operation" in config.capture:
        yield "operations by hand", lambda: _operations_by_hand(failed)
    if "django" in config.capture:
        yield "got_request_exception", lambda: django_signal.install(reporter)
    if "excepthook" in config.capture:
        yield "sys.excepthook", lambda: excepthook.install(reporter, flush=installation.save)
    if "threading" in config.capture:
        yield "threading.excepthook", lambda: threads.install(reporter)
    if "asyncio" in config.capture:
        yield "asyncio", lambda: asyncio_loop.install(reporter)
    if "unraisable" in config.capture:
        yield "sys.unraisablehook", lambda: unraisable.install(reporter)
    yield "exit", lambda: orderly.install(installation.end)
    yield "os._exit", lambda: hard_exit.install(installation.end)
    yield "SIGTERM", lambda: sigterm.install(installation.end)
    yield "metrics", metrics.install
    yield "leftovers", installation.delivery.look_for_leftovers


def _limits(config: Config) -> Undo:
    size, trails.current.size = trails.current.size, config.max_breadcrumbs
    floor.set_level(config.log_level)
    for name in config.ignore_loggers:
        floor.ignore(name)

    def undo() -> None:
        trails.current.size = size
        floor.forget()

    return undo


def _spans(config: Config, failed: FailedOperations) -> Undo:
    ended = failed.operation_ended if "operation" in config.capture else None

    def attach(provider: TracerProvider) -> Undo:
        remove = _adopt_or_add(provider, ended)
        restore = sampling.install(provider) if config.record_unsampled else _nothing
        return _both(restore, remove)

    return on_tracer_provider(attach)


def _adopt_or_add(provider: TracerProvider, ended: Any) -> Undo:
    """Use the span processor that the application put there itself, else add one."""
    many = provider._active_span_processor  # noqa: SLF001 - the SDK does not tell its processors otherwise
    for own in many._span_processors:  # noqa: SLF001
        if isinstance(own, BreadcrumbSpanProcessor):
            own.on_operation_end = ended
            return lambda: setattr(own, "on_operation_end", None)
    processor = BreadcrumbSpanProcessor(on_operation_end=ended)
    remove = add_span_processor(provider, processor)
    return _both(remove, processor.shutdown)


def _log_records(config: Config, logged: LoggedExceptions, builder: Builder) -> Undo:
    from .export.wire import attributes_of  # noqa: PLC0415 - protobuf is only wanted where events are sent

    def attributes(seized: Seized) -> Mapping[str, Any]:
        event = builder.build(seized)
        return attributes_of(event, as_json=config.otlp_format == "json") if event is not None else {}

    enriched = EnrichedRecords(attributes)

    def on_record(emitted: Any) -> None:
        enriched.enrich(emitted)
        if "logging" in config.capture and not stdlib_logging.handling.get():
            logged.report_emitted(emitted)

    return on_logger_provider(lambda provider: _adopt_or_add_for_records(provider, on_record))


def _adopt_or_add_for_records(provider: LoggerProvider, on_record: Callable[[Any], None]) -> Undo:
    """Use the log record processor that the application put there itself, else add one."""
    many = provider._multi_log_record_processor  # noqa: SLF001 - as for spans
    for own in many._log_record_processors:  # noqa: SLF001
        if isinstance(own, BreadcrumbLogRecordProcessor):
            own.on_record = on_record
            return lambda: setattr(own, "on_record", None)
    processor = BreadcrumbLogRecordProcessor(on_record=on_record)
    remove = add_log_record_processor(provider, processor)
    return _both(remove, processor.shutdown)


def _operations_by_hand(failed: FailedOperations) -> Undo:
    trails.on_failure.append(failed.operation_failed)
    return lambda: trails.on_failure.remove(failed.operation_failed)


def _sdk_disabled(environ: Mapping[str, str]) -> bool:
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def _run(undo: Undo) -> None:
    try:
        undo()
    except Exception as error:  # noqa: BLE001 - the other steps must be undone all the same
        tell("a hook was taken out", error)


def _both(first: Undo, second: Undo) -> Undo:
    def undo() -> None:
        first()
        second()

    return undo


def _nothing() -> None:
    """Undo nothing."""
