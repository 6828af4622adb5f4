"""An application with OpenTelemetry's SDK, as the tests need one: its spans and log records kept in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import _logs, trace
from opentelemetry._logs import _internal as logs_internal
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Sampler
from opentelemetry.trace import SpanKind
from opentelemetry.util._once import Once

import otel_crumbs

RESOURCE = Resource({"service.name": "shop"})


class KeptRecords(LogRecordProcessor):
    """Keeps what it is shown, in the place of the application's own exporter."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def on_emit(self, log_record: Any) -> None:
        """Keep the record."""
        self.records.append(log_record.log_record)

    def shutdown(self) -> None:
        """Keep what there is."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing waits."""
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """The application's providers, and what it exports."""

    tracer_provider: TracerProvider
    logger_provider: LoggerProvider
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    kept: KeptRecords = field(default_factory=KeptRecords)

    @property
    def tracer(self) -> trace.Tracer:
        """A tracer."""
        return self.tracer_provider.get_tracer("shop")

    @property
    def exported_spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that left the application."""
        return self.exporter.get_finished_spans()

    @contextmanager
    def request(self, name: str = "GET /", **attributes: Any) -> Iterator[trace.Span]:
        """Serve a request, as an instrumented framework does."""
        with self.tracer.start_as_current_span(name, kind=SpanKind.SERVER, attributes=attributes) as span:
            yield span


def new_application(sampler: Sampler = DEFAULT_ON) -> Application:
    """Return an application whose providers are not the global ones yet."""
    application = Application(
        tracer_provider=TracerProvider(sampler=sampler, resource=RESOURCE, shutdown_on_exit=False),
        logger_provider=LoggerProvider(resource=RESOURCE, shutdown_on_exit=False),
    )
    application.tracer_provider.add_span_processor(SimpleSpanProcessor(application.exporter))
    application.logger_provider.add_log_record_processor(application.kept)
    return application


@contextmanager
def running_application(sampler: Sampler = DEFAULT_ON) -> Iterator[Application]:
    """Set the global providers, and have none again at the end."""
    application = new_application(sampler)
    with no_global_providers():
        trace.set_tracer_provider(application.tracer_provider)
        _logs.set_logger_provider(application.logger_provider)
        yield application


@contextmanager
def no_global_providers() -> Iterator[None]:
    """Begin and end as a process in which nobody has set up the SDK."""
    _forget_providers()
    try:
        yield
    finally:
        _forget_providers()


def in_thread(work: Callable[[], object], name: str | None = None) -> None:
    """Run something in a thread of its own, to the end."""
    thread = threading.Thread(target=work, name=name)
    thread.start()
    thread.join()


def fail(error: BaseException) -> None:
    """Raise an exception."""
    raise error


def raised(error: BaseException) -> tuple[type[BaseException], BaseException, Any]:
    """Return what `sys.exc_info` says where an exception was raised."""
    try:
        fail(error)
    except BaseException as caught:  # noqa: BLE001 - whatever it is, it is what the test wants
        return type(caught), caught, caught.__traceback__
    return type(error), error, None


def messages() -> list[str]:
    """Return what an error raised right here would tell."""
    return [breadcrumb.message for breadcrumb in otel_crumbs.trail()]


def _forget_providers() -> None:
    trace._TRACER_PROVIDER, trace._TRACER_PROVIDER_SET_ONCE = None, Once()
    logs_internal._LOGGER_PROVIDER, logs_internal._LOGGER_PROVIDER_SET_ONCE = None, Once()
