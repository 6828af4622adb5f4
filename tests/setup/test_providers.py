"""Tests of `otel_crumbs.setup.providers`: the SDK may be set up before the installation, after it, or not at all."""

from __future__ import annotations

import logging
from contextlib import suppress

import pytest
from opentelemetry import _logs, trace
from opentelemetry._logs import set_logger_provider as set_logger_provider_taken_early
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind
from opentelemetry.trace import set_tracer_provider as set_tracer_provider_taken_early

import otel_crumbs
from otel_crumbs.testing import capture_events
from tests.application import messages, new_application, no_global_providers
from tests.hooked import processors, provider_parts


@pytest.mark.parametrize("taken_early", [False, True])
def test_an_sdk_that_comes_later_is_joined(*, taken_early: bool) -> None:
    """Providers set after us, by whichever name of the function, get our processors and sampler."""
    set_tracer = set_tracer_provider_taken_early if taken_early else trace.set_tracer_provider
    set_logger = set_logger_provider_taken_early if taken_early else _logs.set_logger_provider
    app = new_application(ALWAYS_OFF)
    with no_global_providers(), capture_events() as events:
        otel_crumbs.record("before the SDK")
        set_tracer(app.tracer_provider)
        set_logger(app.logger_provider)
        with suppress(ValueError), app.request("GET /"):
            with app.tracer.start_as_current_span("step"):
                pass
            _logs.get_logger("shop").emit(_logs.LogRecord(body="said", severity_number=_logs.SeverityNumber.INFO))
            raise ValueError("boom")

        assert [crumb.message for crumb in events[0].breadcrumbs] == ["step", "said"]
        assert events[0].resource["service.name"] == "shop"
        assert app.exported_spans == ()


def test_a_tracer_made_before_the_sdk_is_heard() -> None:
    """A proxy tracer at the top of a module turns into a real one when the provider is set."""
    with no_global_providers():
        early = trace.get_tracer("shop")
        with capture_events():
            trace.set_tracer_provider(new_application().tracer_provider)

            with early.start_as_current_span("step"):
                pass

            assert messages() == ["step"]


def test_a_second_provider_is_refused_as_before(caplog: pytest.LogCaptureFixture) -> None:
    """OpenTelemetry's rule that the first one counts is not changed by us."""
    with no_global_providers(), capture_events():
        first, second = new_application(), new_application()
        trace.set_tracer_provider(first.tracer_provider)
        trace.set_tracer_provider(second.tracer_provider)

        assert trace.get_tracer_provider() is first.tracer_provider
        assert len(processors(first)) == 1
        assert processors(second) == []
    assert "Overriding of current TracerProvider is not allowed" in caplog.text


def test_uninstalling_lets_go_of_a_provider_that_came_later() -> None:
    """It is as if we had never been there."""
    app = new_application()
    before = provider_parts(app)
    with no_global_providers():
        otel_crumbs.install(exporter="none")
        trace.set_tracer_provider(app.tracer_provider)
        _logs.set_logger_provider(app.logger_provider)

        otel_crumbs.uninstall()

        assert provider_parts(app) == before


def test_a_provider_that_is_not_the_sdks_is_left_alone() -> None:
    """Another implementation of the API is none of our business."""
    with no_global_providers(), capture_events() as events:
        trace.set_tracer_provider(trace.NoOpTracerProvider())

        with trace.get_tracer("shop").start_as_current_span("GET /", kind=SpanKind.SERVER):
            otel_crumbs.record("note")
            otel_crumbs.capture_exception(ValueError("boom"))

        assert [crumb.message for crumb in events[0].breadcrumbs] == ["note"]


def test_without_an_sdk_there_is_a_trail_all_the_same() -> None:
    """Log lines and notes make a trail in a process without tracing."""
    with no_global_providers(), capture_events() as events:
        logging.getLogger("shop").warning("line")
        otel_crumbs.record("note")

        otel_crumbs.capture_exception(ValueError("boom"))

        assert [crumb.message for crumb in events[0].breadcrumbs] == ["line", "note"]
        assert (events[0].trace_id, events[0].span_id) == (0, 0)


def test_a_tracer_provider_of_the_applications_own_class_is_joined() -> None:
    """Subclasses of the SDK's provider are the SDK's."""

    class OwnProvider(TracerProvider):
        """As some vendors ship."""

    with no_global_providers(), capture_events():
        trace.set_tracer_provider(OwnProvider(shutdown_on_exit=False))

        with trace.get_tracer("shop").start_as_current_span("step"):
            pass

        assert messages() == ["step"]
