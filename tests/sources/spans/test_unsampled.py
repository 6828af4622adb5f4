"""A full trail where the trace was sampled out, and nothing more is exported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import IdGenerator, RandomIdGenerator, ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import otel_crumbs
from otel_crumbs.testing import capture_events
from tests.application import Application, messages, no_global_providers, running_application

STATE = TraceState([("vendor", "value")])


class OwnSampler(Sampler):
    """Drops with a trace state, and takes no argument of that name, as older ones do."""

    def should_sample(  # type: ignore[override]  # as older ones do
        self, parent_context: Any, trace_id: int, name: str, kind: Any = None, attributes: Any = None, links: Any = None
    ) -> SamplingResult:
        """Drop."""
        return SamplingResult(Decision.DROP, None, STATE)

    def get_description(self) -> str:
        """Return its name."""
        return "OwnSampler"


@pytest.fixture(params=[ALWAYS_OFF, DEFAULT_OFF, TraceIdRatioBased(0.0)], ids=lambda sampler: sampler.get_description())
def unsampled(request: pytest.FixtureRequest) -> Iterator[Application]:
    """Run an application that samples nothing."""
    with running_application(request.param) as app:
        yield app


def ids(tracer: trace.Tracer) -> tuple[bool, TraceState]:
    """Return what goes to other services: whether it is sampled, and the trace state."""
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner") as span:
        context = span.get_span_context()
        return context.trace_flags.sampled, context.trace_state


def test_unsampled_spans_are_breadcrumbs(unsampled: Application) -> None:
    """They have the attributes that they start with, and those set later."""
    with capture_events() as events:
        with unsampled.request("GET /"):
            with unsampled.tracer.start_as_current_span("step", attributes={"early": 1}) as span:
                span.set_attribute("late", 2)
                span.add_event("event")
            otel_crumbs.capture_exception(ValueError("boom"))

        step, event = events[0].breadcrumbs
        assert (step.message, step.data["early"], step.data["late"]) == ("step", 1, 2)
        assert event.category == "event"


def test_nothing_more_is_exported(unsampled: Application) -> None:
    """The simple and the batching processor export nothing of it."""
    exporter = InMemorySpanExporter()
    batch = BatchSpanProcessor(exporter)
    unsampled.tracer_provider.add_span_processor(batch)
    with capture_events(), unsampled.request("GET /"):
        pass
    batch.force_flush()
    batch.shutdown()

    assert unsampled.exported_spans == ()
    assert exporter.get_finished_spans() == ()


def test_flags_and_state_are_unchanged(unsampled: Application) -> None:
    """Other services learn the same as without us."""
    before = ids(unsampled.tracer)
    with capture_events():
        assert ids(unsampled.tracer) == before == (False, TraceState())


def test_the_samplers_own_state_is_kept() -> None:
    """What the sampler says for other vendors goes on."""
    with running_application(OwnSampler()) as app:
        before = ids(app.tracer)
        with capture_events():
            assert ids(app.tracer) == before == (False, STATE)


def test_the_event_has_the_ids_of_the_unsampled_trace(unsampled: Application) -> None:
    """The error can be found beside what other services say of the trace."""
    with capture_events() as events:
        with unsampled.request("GET /") as span:
            otel_crumbs.capture_exception(ValueError("boom"))

        context = span.get_span_context()
        assert (events[0].trace_id, events[0].span_id) == (context.trace_id, context.span_id)
        assert events[0].trace_flags & 1 == 0


def test_an_unsampled_parent_elsewhere_is_respected() -> None:
    """A caller that sampled the trace out has it stay so, and the trail is there."""
    caller = SpanContext(7, 9, is_remote=True, trace_flags=TraceFlags(0))
    with running_application(ParentBased(ALWAYS_ON)) as app, capture_events():
        token = otel_context.attach(trace.set_span_in_context(NonRecordingSpan(caller)))
        with app.request("GET /") as span:
            with app.tracer.start_as_current_span("step"):
                pass
            reported = messages()
        otel_context.detach(token)

        assert span.get_span_context().trace_id == 7
        assert span.get_span_context().trace_flags.sampled is False
        assert reported == ["step"]
        assert app.exported_spans == ()


def test_tracers_made_before_us_are_covered(unsampled: Application) -> None:
    """All tracers are, as long as it is installed."""
    early = unsampled.tracer_provider.get_tracer("early")
    with capture_events():
        late = unsampled.tracer_provider.get_tracer("late")
        with early.start_as_current_span("early"), late.start_as_current_span("late"):
            pass
        reported = messages()
    with early.start_as_current_span("after"), late.start_as_current_span("after") as span:
        assert type(span) is NonRecordingSpan

    assert reported == ["early", "late"]


class Seen(SpanProcessor):
    """A processor of the application's that sends whatever it is shown."""

    def __init__(self) -> None:
        self.spans: list[str] = []

    def on_start(self, span: Span, parent_context: Any = None) -> None:
        """Keep the name."""
        self.spans.append(f"{span.name} started")

    def on_end(self, span: ReadableSpan) -> None:
        """Keep the name."""
        self.spans.append(f"{span.name} ended")


class Broken(Sampler):
    """Fails."""

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        """Fail."""
        raise LookupError("no decision")

    def get_description(self) -> str:
        """Return its name."""
        return "Broken"


class Invalid(RandomIdGenerator):
    """Makes span ids that are none."""

    def generate_span_id(self) -> int:
        """Return no id."""
        return 0


def test_processors_of_the_application_are_shown_nothing_of_it(unsampled: Application) -> None:
    """Neither that it started nor that it ended, whoever was there first."""
    before, after = Seen(), Seen()
    unsampled.tracer_provider.add_span_processor(before)
    with capture_events():
        unsampled.tracer_provider.add_span_processor(after)
        with unsampled.request("GET /"):
            with unsampled.tracer.start_as_current_span("step"):
                pass
            reported = messages()

    assert (before.spans, after.spans) == ([], [])
    assert reported == ["step"]


def test_the_sampler_is_the_applications_own(unsampled: Application) -> None:
    """The very same object, with its own description, in the provider and in its tracers."""
    sampler = unsampled.tracer_provider.sampler
    with capture_events():
        assert unsampled.tracer_provider.sampler is sampler
        assert unsampled.tracer.sampler is sampler


def test_the_sdks_metrics_count_a_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    """They say that a span was dropped, and that none is live."""
    monkeypatch.setenv("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "true")

    def counted(*, with_us: bool) -> dict[str, list[tuple[Any, Any]]]:
        reader = InMemoryMetricReader()
        provider = TracerProvider(
            sampler=ALWAYS_OFF, shutdown_on_exit=False, meter_provider=MeterProvider([reader], shutdown_on_exit=False)
        )
        with no_global_providers(), capture_events() if with_us else nullcontext():
            trace.set_tracer_provider(provider)
            with provider.get_tracer("shop").start_as_current_span("step"):
                data = reader.get_metrics_data()
            assert messages() == (["step"] if with_us else [])
        metrics = [] if data is None else data.resource_metrics[0].scope_metrics[0].metrics
        return {
            metric.name: [(dict(point.attributes), point.value) for point in metric.data.data_points]
            for metric in metrics
        }

    try:
        without = counted(with_us=False)
    except TypeError:
        pytest.skip("this SDK has no metrics of its own")
    assert "DROP" in repr(without)
    assert counted(with_us=True) == without


def test_a_sampler_that_fails_fails_as_before() -> None:
    """The exception has no frame of ours on its way."""
    with running_application(Broken()) as app:

        def traced() -> list[str]:
            with pytest.raises(LookupError) as failed:
                app.tracer.start_span("step")
            return [entry.name for entry in failed.traceback][1:]

        without = traced()
        with capture_events():
            assert traced() == without == ["start_span", "should_sample"]


def test_a_sampler_is_asked_from_as_deep_as_before() -> None:
    """It may look for the code that starts the span."""

    class Looking(OwnSampler):
        def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
            names.append(sys._getframe(2).f_code.co_name)
            return super().should_sample(*args, **kwargs)

    names: list[str] = []
    with running_application(Looking()) as app, capture_events():
        app.tracer.start_span("step").end()
        assert messages() == ["step"]

    assert names == ["test_a_sampler_is_asked_from_as_deep_as_before"]


def test_tracers_that_are_disabled_stay_so(unsampled: Application) -> None:
    """They hand on the span around them, and leave nothing."""
    tracer = unsampled.tracer
    if not hasattr(tracer, "_set_tracer_config"):
        pytest.skip("this SDK disables no tracer")
    tracer._set_tracer_config(sdk_trace._TracerConfig(is_enabled=False))  # type: ignore[attr-defined]  # newer ones do
    with capture_events():
        with unsampled.tracer_provider.get_tracer("other").start_as_current_span("around") as around:
            span = tracer.start_span("step")
        span.end()

        assert type(span) is NonRecordingSpan
        assert span.get_span_context() is around.get_span_context()
        assert type(tracer.start_span("step")) is NonRecordingSpan
        assert messages() == ["around"]


def test_a_disabled_sdk_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tracers make no spans."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with running_application(ALWAYS_OFF) as app, capture_events():
        span = app.tracer.start_span("step")

    assert type(span) is NonRecordingSpan


@pytest.mark.parametrize("generator", [RandomIdGenerator(), Invalid()], ids=["random", "invalid"])
def test_id_generators_are_asked_as_before(generator: IdGenerator) -> None:
    """A span without a valid context leaves nothing."""
    provider = TracerProvider(sampler=ALWAYS_OFF, id_generator=generator, shutdown_on_exit=False)
    with no_global_providers(), capture_events():
        trace.set_tracer_provider(provider)
        span = provider.get_tracer("shop").start_span("step")
        span.end()

        is_valid = span.get_span_context().is_valid
        assert (type(span) is NonRecordingSpan) is not is_valid
        assert messages() == (["step"] if is_valid else [])


def test_a_provider_that_has_no_processor_of_ours_is_none_of_ours(unsampled: Application) -> None:
    """Only the global provider gets one."""
    other = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    with capture_events(), unsampled.request("GET /"):
        theirs = other.get_tracer("other").start_as_current_span("theirs")
        with theirs as span, unsampled.tracer.start_as_current_span("below"):
            pass

        assert type(span) is NonRecordingSpan
        assert messages() == ["below"]


def test_a_tracer_of_another_class_is_none_of_ours() -> None:
    """A span that others make of the API's class stays one."""
    with capture_events():
        span = NonRecordingSpan(SpanContext(7, 9, is_remote=False))
        invalid = trace.NoOpTracer().start_span("step")

    assert type(span) is NonRecordingSpan
    assert span.get_span_context().span_id == 9
    assert invalid is trace.INVALID_SPAN


def test_other_services_learn_no_more(unsampled: Application) -> None:
    """The headers of a call are the trace's, not sampled."""
    with capture_events(), unsampled.request("GET /") as span:
        headers: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(headers)

    context = span.get_span_context()
    assert headers["traceparent"].startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-0")
    assert headers["traceparent"][-1] in "02"


def test_a_failed_request_is_reported_with_its_trail(unsampled: Application) -> None:
    """As if it were sampled."""
    with capture_events() as events:
        with suppress(ValueError), unsampled.request("GET /orders"):
            with unsampled.tracer.start_as_current_span("step"):
                pass
            raise ValueError("boom")

        assert [crumb.message for crumb in events[0].breadcrumbs] == ["step"]
        assert (events[0].mechanism, events[0].operation) == ("operation", "GET /orders")
        assert events[0].exception.message == "boom"


def test_spans_that_are_open_are_shown_in_flight(unsampled: Application) -> None:
    """With the attributes and events that they have so far."""
    with capture_events() as events, unsampled.request("GET /"):
        with unsampled.tracer.start_as_current_span("step", attributes={"early": 1}) as span:
            span.add_event("event")
            otel_crumbs.capture_exception(ValueError("boom"))

        step, event = events[0].breadcrumbs
        assert step.message.startswith("step (in flight for ")
        assert (step.data["early"], step.in_flight, event.message) == (1, True, "event")
        assert events[0].operation == "GET /"


def test_sampled_and_unsampled_spans_share_a_trail() -> None:
    """A sampler may drop some spans of a trace and take others."""

    class EveryOther(Sampler):
        def should_sample(self, parent_context: Any, trace_id: int, name: str, *args: Any) -> SamplingResult:
            return SamplingResult(Decision.DROP if "dropped" in name else Decision.RECORD_AND_SAMPLE)

        def get_description(self) -> str:
            return "EveryOther"

    with running_application(EveryOther()) as app, capture_events():
        with app.request("GET /"):
            with app.tracer.start_as_current_span("dropped"), app.tracer.start_as_current_span("taken"):
                otel_crumbs.record("note")
            reported = messages()
        with app.request("GET /dropped"), app.tracer.start_as_current_span("taken"):
            otel_crumbs.record("note")
            assert messages()[-1] == "note"

        assert reported == ["dropped", "taken", "note"]


def test_uninstalling_stops_spans_that_are_open(unsampled: Application) -> None:
    """They record no more, end without a breadcrumb, and stay what they were for everybody else."""
    with capture_events():
        span = unsampled.tracer.start_span("step")
        otel_crumbs.uninstall()
        span.set_attribute("late", 1)
        span.end()

        assert isinstance(span, NonRecordingSpan)
        assert messages() == []


def test_a_hundred_installations_keep_nothing(unsampled: Application) -> None:
    """The class that everybody's spans have is what it was."""
    before = NonRecordingSpan.__init__
    for _ in range(100):
        otel_crumbs.install(exporter="none")
        unsampled.tracer.start_span("step").end()
        otel_crumbs.uninstall()

    assert NonRecordingSpan.__init__ is before
