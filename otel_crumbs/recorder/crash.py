"""The captured error of a process that has died, for the same way as every other error."""

from __future__ import annotations

from collections import Counter
from typing import Any

from opentelemetry.trace import SpanContext, TraceFlags

from otel_crumbs.base.mechanisms import CRASH
from otel_crumbs.event import CapturedError, ExceptionInfo
from otel_crumbs.event.stack import CapturedExceptions
from otel_crumbs.trails import Snapshot
from otel_crumbs.trails.ring import Ring

from .death import Death, find_thread, read_frames
from .reading import RecordedOperation, RecordedProcess


def capture_crash(process: RecordedProcess, death: Death, stacks: str, *, size: int) -> CapturedError:
    """
    Return the death of a process as an error.

    Args:
        process: The process.
        death: What it died of.
        stacks: The stacks of its threads as text.
        size: How many breadcrumbs a trail has at most.

    """
    crashed = find_thread(stacks)
    operation = process.find_operation(crashed)
    ring = Ring(size)
    for entry in sorted(process.make_entries(operation), key=lambda entry: entry[0]):
        ring.append(entry)
    # The signal of a server without patience comes to the main thread, whichever one hangs.
    hanging = operation.thread if operation is not None and death.type == "WorkerTimeout" else crashed
    frames = read_frames(stacks, hanging) or read_frames(stacks, crashed)
    info = ExceptionInfo(type=death.type, message=death.message, frames=frames)
    resource = process.header.about.get("resource")
    return CapturedError(
        event_id=process.header.run_id,
        timestamp=process.last_moment,
        fatal=True,
        handled=False,
        mechanism=CRASH,
        exceptions=CapturedExceptions(infos=(info,), stacktrace=stacks.strip() or f"{death.type}: {death.message}"),
        operation=operation.name if operation is not None else None,
        span_context=_find_span_context(operation),
        thread="",
        trail=Snapshot(entries=tuple(ring), dropped=Counter(ring.dropped), size=size),
        attributes={**_describe(operation), "process.pid": process.header.pid},
        resource=resource if isinstance(resource, dict) and resource else None,
    )


def _describe(operation: RecordedOperation | None) -> dict[str, Any]:
    return operation.attributes if operation is not None else {}


def _find_span_context(operation: RecordedOperation | None) -> SpanContext | None:
    if operation is None or not operation.trace_id:
        return None
    # Whether the trace was sampled is not recorded.
    return SpanContext(operation.trace_id, operation.span_id, is_remote=False, trace_flags=TraceFlags(0))
