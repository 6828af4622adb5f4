"""
The sampler that keeps the trail full where the trace is sampled out.

Tracers copy their provider's sampler when they are made. So the hook is not one
attribute: undoing it looks for the tracers that were made since.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

from otel_crumbs.base.patching import Undo

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
    stay as the other sampler decided, here and in every child. See the
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


def install(provider: TracerProvider) -> Undo:
    """Wrap a provider's sampler, and that of the tracers it has made; return the function that undoes it."""
    original = provider.sampler
    if isinstance(original, RecordUnsampled):
        return lambda: None
    wrapped = RecordUnsampled(original)
    _replace(provider, original, wrapped)
    return lambda: _replace(provider, wrapped, original)


def _replace(provider: TracerProvider, old: Sampler, new: Sampler) -> None:
    for holder in (provider, *_iterate_tracers(provider, old)):
        if holder.sampler is old:
            holder.sampler = new


def _iterate_tracers(provider: TracerProvider, sampler: Sampler) -> Iterator[Any]:
    """Iterate over a provider's tracers; each took the sampler with it when it was made."""
    known = getattr(provider, "_tracers", None)
    if isinstance(known, dict):
        yield from tuple(known.values())
        return
    # Before 1.41 providers do not know their tracers; this costs a few milliseconds, once.
    processor = provider._active_span_processor  # noqa: SLF001 - only this ties a tracer to its provider
    for candidate in gc.get_objects():
        # By its type: isinstance() asks lazy proxies, such as Django's settings, what they are, and wakes them.
        if (
            issubclass(type(candidate), Tracer)
            and candidate.span_processor is processor
            and candidate.sampler is sampler
        ):
            yield candidate
