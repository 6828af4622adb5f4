"""Tests of `otel_crumbs.setup.hooks`: the settings are kept, and processors of the application's are used."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from opentelemetry import _logs
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

import otel_crumbs
from otel_crumbs import BreadcrumbLogRecordProcessor, BreadcrumbSpanProcessor, RecordUnsampled
from otel_crumbs.testing import capture_events
from tests.application import Application, messages, running_application
from tests.export.delivery.exporters import PATIENCE, ScriptedExporter
from tests.hooked import processors


@contextmanager
def capture_installed(exporter: ScriptedExporter) -> Iterator[None]:
    """Have an exporter in a block."""
    otel_crumbs.install(exporter=exporter, spool_dir="none")
    yield
    otel_crumbs.uninstall()


def test_the_limit_of_breadcrumbs_is_kept() -> None:
    """`max_breadcrumbs` bounds every trail."""
    with capture_events(max_breadcrumbs=5) as events:
        for number in range(20):
            otel_crumbs.record(f"note {number}")
        otel_crumbs.capture_exception(ValueError("boom"))

        assert len(events[0].breadcrumbs) == 5
        assert events[0].breadcrumbs[-1].message == "note 19"
        assert events[0].dropped == 15


def test_a_processor_that_the_application_added_is_adopted(app: Application) -> None:
    """Whoever put a BreadcrumbSpanProcessor there gets no second one, and one breadcrumb for each span."""
    own = BreadcrumbSpanProcessor()
    app.tracer_provider.add_span_processor(own)
    with capture_events() as events:
        with suppress(ValueError), app.request("GET /"):
            with app.tracer.start_as_current_span("step"):
                pass
            raise ValueError("boom")

        assert processors(app) == [own]
        assert [(crumb.message, crumb.repeated) for crumb in events[0].breadcrumbs] == [("step", 1)]
    assert own.on_operation_end is None
    assert own.active is True


def test_a_log_record_processor_that_the_application_added_is_adopted(app: Application) -> None:
    """Whoever put a BreadcrumbLogRecordProcessor there gets one breadcrumb for each record."""
    app.logger_provider.add_log_record_processor(BreadcrumbLogRecordProcessor())
    with capture_events():
        _logs.get_logger("shop").emit(_logs.LogRecord(body="said", severity_number=_logs.SeverityNumber.INFO))

        assert [(crumb.message, crumb.repeated) for crumb in otel_crumbs.trail()] == [("said", 1)]


def test_a_sampler_that_the_application_wrapped_is_kept() -> None:
    """Whoever wrapped the sampler in RecordUnsampled keeps it, before and after us."""
    own = RecordUnsampled(ALWAYS_OFF)
    with running_application(own) as app, capture_events():
        with app.tracer.start_as_current_span("step"):
            pass

        assert messages() == ["step"]
        assert app.tracer_provider.sampler is own
    assert app.tracer_provider.sampler is own


def test_record_unsampled_may_be_turned_off() -> None:
    """The sampler is not touched, and dropped spans leave nothing."""
    with running_application(ALWAYS_OFF) as app, capture_events(record_unsampled=False):
        with app.tracer.start_as_current_span("step"):
            pass

        assert messages() == []
        assert app.tracer_provider.sampler is ALWAYS_OFF


def test_what_the_application_exports_is_the_same(app: Application) -> None:
    """Its own processors see the same spans with the same attributes and events."""

    def work() -> None:
        with suppress(ValueError), app.request("GET /", key="value") as span:
            span.add_event("event", {"a": 1})
            with app.tracer.start_as_current_span("step"):
                pass
            raise ValueError("boom")

    def shape() -> list[Any]:
        spans = app.exported_spans
        app.exporter.clear()
        return [
            (
                span.name,
                span.kind,
                dict(span.attributes or {}),
                [event.name for event in span.events],
                span.status.status_code,
            )
            for span in spans
        ]

    work()
    without = shape()
    with capture_events():
        work()
        assert shape() == without


def test_the_exit_hook_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered for the end of the process is unregistered."""
    registered: list[Any] = []
    monkeypatch.setattr(atexit, "register", lambda hook, *_: registered.append(hook))
    monkeypatch.setattr(atexit, "unregister", registered.remove)

    otel_crumbs.install(exporter="none")
    during = len(registered)
    otel_crumbs.uninstall()

    assert during == 1
    assert registered == []


@pytest.mark.parametrize("provider", ["tracer_provider", "logger_provider"])
def test_events_are_sent_when_the_application_flushes_its_own(app: Application, provider: str) -> None:
    """A function in the cloud is frozen after that, for minutes or for good; after undo nothing is asked any more."""
    exporter = ScriptedExporter(gate=threading.Event())
    otel_crumbs.install(exporter=exporter, spool_dir="none")
    otel_crumbs.capture_exception(ValueError("in the function"))
    assert exporter.began.wait(PATIENCE)
    threading.Timer(0.05, exporter.gate.set).start()

    assert getattr(app, provider).force_flush() is True
    sent = [*exporter.sent]
    otel_crumbs.uninstall()

    assert sent == ["in the function"]
    assert getattr(app, provider).force_flush() is True


def test_a_receiver_that_hangs_takes_part_of_the_time_only(app: Application) -> None:
    """The application's own spans come first, and what it is told is of these."""
    exporter = ScriptedExporter(gate=threading.Event())
    with capture_installed(exporter):
        otel_crumbs.capture_exception(ValueError("boom"))

        assert app.tracer_provider.force_flush(200) is True

        assert exporter.sent == []
        exporter.gate.set()
