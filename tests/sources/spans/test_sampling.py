"""The sampler for an SDK that is set up by hand: what another one drops is recorded, and not exported."""

from __future__ import annotations

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Decision
from opentelemetry.trace import TraceState

from otel_crumbs import BreadcrumbSpanProcessor, RecordUnsampled
from tests.application import messages

STATE = TraceState([("vendor", "value")])


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
