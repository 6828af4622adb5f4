"""Tests of `otel_crumbs.export.app_logs`: events are log records of the application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs import Breadcrumb
from otel_crumbs.export import DELIVERED, Verdict
from otel_crumbs.export.app_logs import AppLogsExporter
from tests.application import Application

from .events import NOW, event_of


def test_an_event_is_a_record_of_the_application(app: Application) -> None:
    """The record has the names and values of the one that the exporter `otlp` sends."""
    outcome = AppLogsExporter().export(event_of(), 5.0)

    assert outcome == DELIVERED
    [record] = app.kept.records
    assert record.event_name == "exception"
    assert record.timestamp == NOW
    assert (record.severity_number.value, record.severity_text) == (17, "ERROR")
    assert (record.trace_id, record.span_id) == (0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7)
    assert record.body == "OutOfStockError: no lamps left"
    assert record.attributes["exception.message"] == "no lamps left"
    assert [each["message"] for each in record.attributes["otel_crumbs.breadcrumbs"]][1:] == [
        "trying again",
        "checkout",
    ]


def test_an_event_without_a_trace_is_a_record_without_one(app: Application) -> None:
    """The span that is current in the worker is not taken instead."""
    with app.tracer.start_as_current_span("something else"):
        AppLogsExporter(as_json=True).export(event_of(trace_id=0, span_id=0, trace_flags=0, fatal=True), 5.0)

    [record] = app.kept.records
    assert not record.trace_id
    assert not record.span_id
    assert record.severity_text == "FATAL"
    assert record.attributes["otel_crumbs.breadcrumbs"].startswith('[{"timestamp": ')


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2], (1, 2)),
        ([1, "x", None], ("1", "x", "null")),
        ([1, 2.5], ("1", "2.5")),
        ([[1], [2]], ("[1]", "[2]")),
        ([None], ("null",)),
        ([{"a": 1}, {"a": [True, 0]}], ({"a": 1}, {"a": ("true", "0")})),
    ],
)
def test_lists_of_mixed_types_arrive_whole(
    app: Application, caplog: pytest.LogCaptureFixture, value: list[object], expected: tuple[object, ...]
) -> None:
    """No release of OpenTelemetry leaves one out, or warns the application of it."""
    breadcrumb = Breadcrumb(timestamp=NOW, message="items", data={"items": value})

    AppLogsExporter().export(event_of(breadcrumbs=(breadcrumb,)), 5.0)

    [record] = app.kept.records
    [sent] = record.attributes["otel_crumbs.breadcrumbs"]
    assert as_plain(sent["data"]["items"]) == expected
    assert caplog.records == []


def as_plain(value: Any) -> Any:
    """Return a value of the SDK as tuples and dicts."""
    if isinstance(value, Mapping):
        return {key: as_plain(item) for key, item in value.items()}
    return tuple(map(as_plain, value)) if isinstance(value, list | tuple) else value


def test_without_a_provider_the_event_is_refused() -> None:
    """The reason says what is missing, and the event does not count as delivered."""
    outcome = AppLogsExporter().export(event_of(), 5.0)

    assert outcome.verdict is Verdict.REFUSED
    assert "no OpenTelemetry LoggerProvider. Remedy: set one up" in outcome.reason


def test_records_of_events_leave_no_breadcrumbs(app: Application) -> None:
    """An event that became a breadcrumb would be in the next event, and so on."""
    installation = otel_crumbs.install(exporter="app_logs")

    for number in range(3):
        with otel_crumbs.operation("nightly"):
            otel_crumbs.capture_exception(ValueError(f"boom {number}"))
        assert installation.flush(5.0)

    assert [record.body for record in app.kept.records] == [f"ValueError: boom {number}" for number in range(3)]
    assert [record.attributes["otel_crumbs.count"] for record in app.kept.records] == [0, 0, 0]
    assert otel_crumbs.trail() == ()
