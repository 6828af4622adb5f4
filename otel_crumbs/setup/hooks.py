"""The hooks that an installation puts in place, in their order, each with the function that undoes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.mechanisms import ANSWER, HANG, LOG_TEXT
from otel_crumbs.base.patching import Undo, combine, on_import
from otel_crumbs.capture import (
    aiohttp_responses,
    asgi_applications,
    asyncio_loop,
    celery_tasks,
    child_processes,
    django_responses,
    django_signal,
    excepthooks,
    gunicorn_timeouts,
    job_libraries,
    litestar_responses,
    main_thread,
    process_pools,
    werkzeug_responses,
)
from otel_crumbs.capture.ended_operations import EndedOperations
from otel_crumbs.capture.exceptions_instrumentation import RecordEnricher
from otel_crumbs.capture.failed_operations import FailedOperations
from otel_crumbs.capture.logged_exceptions import LoggedExceptions
from otel_crumbs.capture.logged_texts import LoggedTexts
from otel_crumbs.capture.main_thread import MainThread
from otel_crumbs.capture.reporter import Reporter
from otel_crumbs.capture.slow_operations import SlowOperations
from otel_crumbs.shutdown import FatalSignals, atexit_hook, os_exec, os_exit
from otel_crumbs.sources.logs import logging_hook
from otel_crumbs.sources.logs.processor import BreadcrumbLogRecordProcessor
from otel_crumbs.sources.logs.thresholds import thresholds
from otel_crumbs.sources.spans import redirects, unsampled
from otel_crumbs.sources.spans.entry import forget_categories
from otel_crumbs.sources.spans.processor import BreadcrumbSpanProcessor
from otel_crumbs.trails import anyio_threads, current, on_failure, tasks, thread_pools

from .config import Config
from .providers import (
    Processors,
    find_log_record_processors,
    find_span_processors,
    on_logger_provider,
    on_tracer_provider,
)

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk.trace import TracerProvider

    from otel_crumbs.event import Builder, CapturedError
    from otel_crumbs.export.otlp.attributes import attributes_of
else:
    attributes_of = LateFunction("otel_crumbs.export.otlp.attributes", "attributes_of")

_DBAPI = "opentelemetry.instrumentation.dbapi"

# The name of a hook in `otel-crumbs doctor`, and the function that puts it in place.
Hook = tuple[str, Callable[[], Undo | None]]
Flush = Callable[[float], object]


def make_hooks(
    config: Config,
    reporter: Reporter,
    find_builder: Callable[[], Builder],
    *,
    main: MainThread | None,
    flush: Flush,
    save: Callable[[], None],
) -> Iterator[Hook]:
    """
    Iterate over the hooks that notice what happens, in the order in which they must be put in place.

    Args:
        config: The effective settings.
        reporter: Gets the errors that the mechanisms notice.
        find_builder: Returns the builder, for the attributes of log records that get a trail.
        main: Reports the exception that the program dies of, None if nobody wants that.
        flush: Delivers events when a provider is told to, in part of the seconds that there are.
        save: Saves undelivered events when the process is about to end.

    """
    failed = FailedOperations(
        reporter, with_exceptions="operation" in config.capture, with_answers=ANSWER in config.capture
    )
    texts = LoggedTexts(reporter) if LOG_TEXT in config.capture else None
    report_text = None if texts is None else texts.report_line
    logged = LoggedExceptions(reporter, report_text, with_exceptions="logging" in config.capture)
    yield "limits", lambda: _set_limits(config)
    yield "spans", lambda: _attach_to_spans(config, failed, flush)
    yield "unsampled spans", lambda: unsampled.install() if config.record_unsampled else None
    yield "log records", lambda: _attach_to_log_records(config, reporter, logged, texts, find_builder, flush)
    yield "logging", lambda: _install_logging_hook(config, logged)
    yield "thread pools", thread_pools.install
    yield "task starts", tasks.install
    yield "threads of anyio", anyio_threads.install
    yield "http.client", lambda: _install_late("http.client", "http_client")
    yield "redirects", redirects.install
    yield "attempts of urllib3", lambda: _install_late("urllib3.connectionpool", "retries.urllib3")
    yield "attempts of botocore", lambda: _install_late("botocore.endpoint", "retries.botocore")
    yield "attempts of httpcore", lambda: _install_late("httpcore", "retries.httpcore")
    yield "attempts of tenacity", lambda: _install_late("tenacity", "retries.tenacity")
    yield "swallowed exceptions", lambda: _watch_swallowed() if config.swallowed else None
    yield "subprocesses", lambda: _install_late("subprocess", "subprocesses")
    yield "subprocesses of uvloop", lambda: _install_late("uvloop", "uvloop_subprocesses")
    yield from _make_hooks_of_databases()
    yield "pools of processes", process_pools.install
    yield "jobs", job_libraries.install
    yield from _make_mechanisms(config, reporter, failed, save)
    if main is not None:
        yield "main thread", lambda: main_thread.install(main, save=save)
    yield "metrics", lambda: on_import("opentelemetry.metrics", _install_metrics)


def _make_hooks_of_databases() -> Iterator[Hook]:
    """Iterate over the hooks on clients of databases."""
    yield "sqlite3 connections", lambda: _install_late(_DBAPI, "databases.sqlite")
    yield "failed connects", lambda: _install_late(_DBAPI, "databases.failed_connects")
    yield "psycopg connections", lambda: _install_late("psycopg", "databases.psycopg")
    yield "asyncpg connections", lambda: _install_late("asyncpg.connect_utils", "databases.asyncpg")
    yield "aiomysql", lambda: _install_late("aiomysql.cursors", "databases.aiomysql")
    yield "SQLAlchemy's pings", lambda: _install_late("sqlalchemy.engine.default", "databases.sqlalchemy")
    yield "Django's SQL", lambda: _install_late("django.db.backends.signals", "databases.django_orm")


def _install_logging_hook(config: Config, logged: LoggedExceptions) -> Undo:
    if not {"logging", LOG_TEXT}.intersection(config.capture):
        return logging_hook.install()
    return logging_hook.install(logged.report, logged.report_unprinted)


def _install_late(module: str, source: str) -> Undo:
    """Install the hooks of a source once the module that they are for is imported, and import the source for it."""
    return on_import(module, lambda _: import_module(f"otel_crumbs.sources.{source}").install())


def _watch_swallowed() -> Undo | None:
    monitoring: Any = import_module("otel_crumbs.sources.swallowed.monitoring")
    undo: Undo | None = monitoring.install()
    return undo


def _install_metrics(_: object) -> Undo:
    metrics: Any = import_module("otel_crumbs.export.metrics")
    undo: Undo = metrics.process_metrics.install()
    return undo


def make_shutdown_hooks(
    *,
    end: Callable[[], None],
    end_at_exit: Callable[[], None],
    end_by_exit: Callable[[int], None],
    resume: Callable[[], None],
    signals: FatalSignals,
) -> Iterator[Hook]:
    """
    Iterate over the hooks on the ways in which a process ends.

    Args:
        end: Saves and delivers events when the process ends.
        end_at_exit: Does so when the interpreter exits, and has later events saved at once.
        end_by_exit: Saves and delivers events before `os._exit`, and gets the status.
        resume: Goes on delivering where it did not end.
        signals: The signals that end it.

    """

    def end_for_good() -> None:
        end_at_exit()
        # What is not saved by now never will be, and the interpreter is about to stop looking for signals.
        signals.stop()

    yield "exit", lambda: atexit_hook.install(end_for_good)
    yield "os._exit", lambda: os_exit.install(end_by_exit)
    yield "os.exec", lambda: os_exec.install(end, resume)
    yield "signals", signals.install


def _make_mechanisms(
    config: Config, reporter: Reporter, failed: FailedOperations, save: Callable[[], None]
) -> Iterator[Hook]:
    """Iterate over the mechanisms that the setting `capture` names."""
    ended = EndedOperations(reporter)
    if "operation" in config.capture:
        yield "Celery's tasks", lambda: celery_tasks.install(reporter)
        yield "Django's answers", lambda: django_responses.install(ended)
        yield "Werkzeug's answers", lambda: werkzeug_responses.install(ended)
        yield "aiohttp's answers", lambda: aiohttp_responses.install(ended)
        yield "Litestar's answers", lambda: litestar_responses.install(reporter)
        yield "ASGI applications", lambda: asgi_applications.install(ended)
    if HANG in config.capture:
        yield "gunicorn's timeouts", lambda: gunicorn_timeouts.install(reporter, save)
        yield "slow operations", SlowOperations(reporter, config.slow_after).install
    hooks: Mapping[str, Hook] = {
        "operation": ("operation blocks", lambda: _report_failed_blocks(failed)),
        "django": ("got_request_exception", lambda: django_signal.install(reporter)),
        "threading": ("threading.excepthook", lambda: excepthooks.install_threading_excepthook(reporter)),
        "asyncio": ("asyncio", lambda: asyncio_loop.install(reporter)),
        "multiprocessing": ("child processes", lambda: child_processes.install(reporter)),
        "unraisable": ("sys.unraisablehook", lambda: excepthooks.install_unraisablehook(reporter)),
    }
    for mechanism, hook in hooks.items():
        if mechanism in config.capture:
            yield hook


def _set_limits(config: Config) -> Undo:
    size, current.size = current.size, config.max_breadcrumbs
    thresholds.configure(config.log_level, config.ignore_loggers)

    def undo() -> None:
        current.size = size
        thresholds.configure()
        forget_categories()

    return undo


def _attach_to_spans(config: Config, failed: FailedOperations, flush: Flush) -> Undo:
    ended = failed.report_ended if {"operation", ANSWER}.intersection(config.capture) else None

    def attach(provider: TracerProvider) -> Undo:
        callbacks = {"on_operation_end": ended, "on_flush": flush}
        return _adopt_or_add(find_span_processors(provider), BreadcrumbSpanProcessor, callbacks)

    return combine(current.forget_open_spans, on_tracer_provider(attach))


def _adopt_or_add(processors: Processors, kind: type[Any], callbacks: Mapping[str, Any], **arguments: Any) -> Undo:
    """Use the processor that the application put there itself, else add one; give it functions to call."""
    own = processors.find(kind)
    processor = kind(**arguments) if own is None else own
    vars(processor).update(callbacks)
    forget = partial(vars(processor).update, dict.fromkeys(callbacks))
    return forget if own is not None else combine(processor.shutdown, processors.insert_first(processor), forget)


def _attach_to_log_records(
    config: Config,
    reporter: Reporter,
    logged: LoggedExceptions,
    texts: LoggedTexts | None,
    find_builder: Callable[[], Builder],
    flush: Flush,
) -> Undo:
    def make_attributes(captured: CapturedError) -> Mapping[str, Any]:
        event = find_builder().build(captured)
        return attributes_of(event, as_json=config.otlp_format == "json") if event is not None else {}

    enriched = RecordEnricher(make_attributes, reporter.expected, with_locals=config.frame_locals)

    def on_record(emitted: Any) -> None:
        enriched.enrich(emitted)
        logged.report_emitted(emitted)
        # A line of the standard `logging` was looked at there.
        if texts is not None and not logging_hook.is_handling_line():
            texts.report_emitted(emitted)

    def attach(provider: LoggerProvider) -> Undo:
        processors = find_log_record_processors(provider)
        kind = BreadcrumbLogRecordProcessor
        callbacks = {"on_record": on_record, "on_flush": flush}
        return _adopt_or_add(processors, kind, callbacks, asks_for_records=False)

    return on_logger_provider(attach)


def _report_failed_blocks(failed: FailedOperations) -> Undo:
    on_failure.append(failed.report_block)
    return lambda: on_failure.remove(failed.report_block)
