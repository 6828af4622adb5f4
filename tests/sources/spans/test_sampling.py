"""A full trail where the trace was sampled out, and nothing more is exported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
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

import otel_crumbs
from otel_crumbs import BreadcrumbSpanProcessor, RecordUnsampled
from otel_crumbs.testing import capture_events
from tests.application import Application, messages, running_application

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


def test_tracers_made_before_us_are_covered_and_given_back(unsampled: Application) -> None:
    """Each tracer took the sampler with it when it was made."""
    early = unsampled.tracer_provider.get_tracer("early")
    with capture_events():
        late = unsampled.tracer_provider.get_tracer("late")
        with early.start_as_current_span("early"), late.start_as_current_span("late"):
            pass
        reported = messages()
    with early.start_as_current_span("after"), late.start_as_current_span("after") as span:
        recording = span.is_recording()

    assert reported == ["early", "late"]
    assert recording is False


def test_what_is_sampled_stays_so() -> None:
    """Only DROP is changed."""
    sampler = RecordUnsampled(ALWAYS_ON)

    result = sampler.should_sample(None, 1, "span", attributes={"a": 1}, trace_state=STATE)

    assert result.decision is Decision.RECORD_AND_SAMPLE
    assert dict(result.attributes) == {"a": 1}


def test_what_is_dropped_is_recorded_with_its_attributes() -> None:
    """The SDK's own wrapper loses them."""
    result = RecordUnsampled(ALWAYS_OFF).should_sample(None, 1, "span", attributes={"a": 1})

    assert result.decision is Decision.RECORD_ONLY
    assert dict(result.attributes) == {"a": 1}


def test_its_description_names_both() -> None:
    """Samplers describe themselves so."""
    assert RecordUnsampled(ALWAYS_OFF).get_description() == "RecordUnsampled(AlwaysOffSampler)"


def test_it_works_in_a_hand_made_sdk() -> None:
    """Sampler and processor may be put there without install."""
    provider = TracerProvider(sampler=RecordUnsampled(ALWAYS_OFF), shutdown_on_exit=False)
    provider.add_span_processor(BreadcrumbSpanProcessor())

    with provider.get_tracer("shop").start_as_current_span("step"):
        pass

    assert messages() == ["step"]
