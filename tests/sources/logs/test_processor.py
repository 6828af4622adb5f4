"""Log records and events of OpenTelemetry's Logs API become breadcrumbs."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber, get_logger, set_logger_provider
from opentelemetry.context import Context
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor

import otel_crumbs
from otel_crumbs import Breadcrumb, BreadcrumbLogRecordProcessor
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, KeptRecords, messages, no_global_providers

KEEPS_EXCEPTIONS = "exception" in inspect.signature(LogRecord.__init__).parameters


@pytest.fixture(autouse=True)
def _installed(events: CapturedEvents) -> None:
    """Have breadcrumbs in place."""


def emit(body: Any = None, *, severity: SeverityNumber | None = SeverityNumber.INFO, **fields: Any) -> None:
    """Emit a record as applications and libraries do."""
    get_logger("shop.orders").emit(LogRecord(body=body, severity_number=severity, **fields))


def the_only() -> Breadcrumb:
    """Return the only breadcrumb."""
    [breadcrumb] = otel_crumbs.trail()
    return breadcrumb


def test_a_record_has_its_scope_severity_and_words() -> None:
    """Category, level, message and attributes."""
    emit("order shipped", severity=SeverityNumber.WARN, attributes={"order": 7})

    breadcrumb = the_only()
    assert (breadcrumb.category, breadcrumb.level, breadcrumb.message) == ("shop.orders", "warning", "order shipped")
    assert dict(breadcrumb.data) == {"order": 7}


def test_an_event_has_its_name_as_category() -> None:
    """Without a body its attributes are its words."""
    emit(event_name="order.shipped", attributes={"order": 7})

    breadcrumb = the_only()
    assert (breadcrumb.category, breadcrumb.message) == ("order.shipped", "order.shipped order=7")


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (SeverityNumber.INFO, "info"),
        (SeverityNumber.INFO4, "info"),
        (SeverityNumber.WARN, "warning"),
        (SeverityNumber.ERROR, "error"),
        (SeverityNumber.FATAL, "fatal"),
        (SeverityNumber.FATAL4, "fatal"),
        (None, "info"),
    ],
)
def test_the_severity_is_the_level(severity: SeverityNumber | None, level: str) -> None:
    """One that says nothing is taken as INFO."""
    emit("line", severity=severity)

    assert the_only().level == level


@pytest.mark.parametrize("severity", [SeverityNumber.TRACE, SeverityNumber.DEBUG, SeverityNumber.DEBUG4])
def test_what_is_below_info_is_left_out(severity: SeverityNumber) -> None:
    """A trail is short."""
    emit("noise", severity=severity)

    assert messages() == []


def test_a_record_belongs_to_the_span_of_its_context(app: Application) -> None:
    """It may be emitted elsewhere with that context."""
    with app.request("GET /") as span:
        context = trace.set_span_in_context(span, Context())
        inside = messages()
    with app.request("GET /other"):
        emit("of the first", context=context)
        other = messages()

    assert (inside, other) == ([], [])


def test_a_record_has_the_id_of_its_span(app: Application) -> None:
    """A reader finds it in the trace."""
    with app.request("GET /") as span:
        emit("inside")

        assert the_only().span_id == f"{span.get_span_context().span_id:016x}"


def test_a_record_with_a_time_of_its_own_stands_there() -> None:
    """The application says when it happened."""
    emit("early", timestamp=1_000_000_000)

    assert the_only().timestamp == 1_000_000_000


@pytest.mark.parametrize("timestamp", [10**30, 1])
def test_a_time_out_of_this_world_costs_nothing(timestamp: int, events: CapturedEvents) -> None:
    """The record is told, and the error that follows is delivered."""
    emit("line", timestamp=timestamp)

    otel_crumbs.capture_exception(ValueError("boom"))

    assert [crumb.message for crumb in events[0].breadcrumbs] == ["line"]


@pytest.mark.parametrize("body", [{"a": [1, {"b": 2}]}, ["a", 1], 7, 1.5, True, b"bytes", "\ud800", "a" * 100_000])
def test_any_body_is_reported(body: Any) -> None:
    """Its text is bounded."""
    emit(body)

    message = the_only().message
    message.encode()
    assert 0 < len(message) < 10_000


def test_the_exception_of_an_event_is_reported(events: CapturedEvents) -> None:
    """An event about an exception is of type error, in the words of the exception."""
    emit(
        event_name="http.client.request.exception",
        severity=SeverityNumber.WARN,
        attributes={"exception.type": "shop.OrderError", "exception.message": "no lamps"},
    )

    breadcrumb = the_only()
    assert (breadcrumb.type, breadcrumb.message) == ("error", "OrderError: no lamps")
    assert len(events) == 0


@pytest.mark.skipif(not KEEPS_EXCEPTIONS, reason="this release's records do not keep the exception")
@pytest.mark.parametrize(("severity", "expected"), [(SeverityNumber.ERROR, 1), (SeverityNumber.WARN, 0)])
def test_a_record_that_carries_an_exception_is_reported(
    severity: SeverityNumber, expected: int, events: CapturedEvents
) -> None:
    """It counts as handled, from ERROR up."""
    emit("failed", severity=severity, exception=ValueError("boom"))

    assert [(event.title, event.mechanism, event.handled) for event in events] == [
        ("ValueError: boom", "log_record", True)
    ] * expected


def test_the_application_exports_what_it_did_before(app: Application) -> None:
    """Body, attributes and severity of its records are untouched."""
    emit("line", attributes={"order": 7})

    [record] = app.kept.records
    assert (record.body, dict(record.attributes), record.severity_number) == ("line", {"order": 7}, SeverityNumber.INFO)


def test_it_works_in_a_hand_made_sdk() -> None:
    """The processor may be put there without install, with a severity of one's own."""
    otel_crumbs.uninstall()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BreadcrumbLogRecordProcessor(severity=SeverityNumber.DEBUG.value))

    provider.get_logger("shop").emit(LogRecord(body="detail", severity_number=SeverityNumber.DEBUG))

    assert messages() == ["detail"]


def test_a_processor_that_is_shut_down_records_nothing() -> None:
    """Shutting down the provider ends it."""
    processor = BreadcrumbLogRecordProcessor()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(processor)
    provider.shutdown()

    assert processor.active is False
    assert processor.force_flush() is True


def test_without_the_mechanism_records_are_breadcrumbs_only() -> None:
    """`capture` without `logging` reports nothing of them."""
    with capture_events(capture="excepthook") as events:
        emit("failed", severity=SeverityNumber.ERROR, **({"exception": ValueError("boom")} if KEEPS_EXCEPTIONS else {}))

        assert messages() == ["failed"]
        assert len(events) == 0


class Refusing(LogRecordProcessor):
    """A processor of the application's that wants no records."""

    def on_emit(self, log_record: Any) -> None:
        """Keep nothing."""

    def enabled(self, **_: Any) -> bool:
        """Refuse."""
        return False

    def shutdown(self) -> None:
        """Do nothing."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Return True: nothing waits."""
        return True


@pytest.mark.parametrize("processors", [[], [Refusing()], [KeptRecords()]], ids=["none", "refusing", "keeping"])
def test_loggers_are_enabled_as_without_us(processors: list[LogRecordProcessor]) -> None:
    """Instrumentations make no records that nobody of the application's wants; a record that comes is recorded."""
    otel_crumbs.uninstall()
    provider = LoggerProvider(shutdown_on_exit=False)
    for processor in processors:
        provider.add_log_record_processor(processor)
    logger = provider.get_logger("shop")
    if not hasattr(logger, "enabled"):
        pytest.skip("loggers of this SDK are not asked")
    without = logger.enabled(severity_number=SeverityNumber.ERROR)
    with no_global_providers(), capture_events():
        set_logger_provider(provider)
        with_us = logger.enabled(severity_number=SeverityNumber.ERROR)
        logger.emit(LogRecord(body="said", severity_number=SeverityNumber.ERROR))

        assert messages() == ["said"]
    assert with_us is without


def test_a_processor_that_was_put_there_by_hand_asks_for_records() -> None:
    """Its owner wants breadcrumbs of them."""
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BreadcrumbLogRecordProcessor())
    logger = provider.get_logger("shop")
    if not hasattr(logger, "enabled"):
        pytest.skip("loggers of this SDK are not asked")

    assert logger.enabled(severity_number=SeverityNumber.ERROR) is True
    assert logger.enabled(severity_number=SeverityNumber.DEBUG) is False
