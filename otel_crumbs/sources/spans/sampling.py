"""The sampler that keeps the trail full where the trace is sampled out, for an SDK that is set up by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context
    from opentelemetry.trace import Link, SpanKind, TraceState
    from opentelemetry.util.types import Attributes


class RecordUnsampled(Sampler):
    """
    A sampler by which spans that another one drops are recorded, and not exported.

    Processors are never shown a dropped span. So DROP becomes RECORD_ONLY,
    with the attributes that the span starts with; trace flags and trace state
    stay as the other sampler decided, here and in every child. Every processor
    of the provider is shown these spans then: `otel_crumbs.install` does without
    this sampler, and shows them to none. See the
    `sampling decision <https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling>`_.

    Args:
        sampler: The sampler that decides.

    """

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Return the other sampler's decision, but never DROP."""
        # Passed on as the SDK passes it: a sampler may well know no trace_state.
        state = () if trace_state is None else (trace_state,)
        result = self.sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, *state)
        if result.decision is not Decision.DROP:
            return result
        return SamplingResult(Decision.RECORD_ONLY, attributes, result.trace_state)

    def get_description(self) -> str:
        """Return the name of this sampler and of the one that decides."""
        return f"RecordUnsampled({self.sampler.get_description()})"
