"""The recording of a process that has died, read: its operations, and what it did as breadcrumbs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from opentelemetry.trace import format_span_id

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.plain import to_text
from otel_crumbs.sources.rules.facts import SpanFacts
from otel_crumbs.sources.rules.table import describe
from otel_crumbs.sources.spans.entry import format_duration
from otel_crumbs.trails import LEVELS, NOTABLE_LEVELS, Breadcrumb, Entry, EntryKind

from . import layout
from .entry_texts import read_attributes
from .layout import Header, Slot

_MS = 1e6
_TRACE_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOperation:
    """
    An operation of a process that has died.

    Args:
        number: Its number in its process.
        name: Its name, None if unknown.
        trace_id: 0 where there is none.
        span_id: 0 where there is none.
        thread: The identity of its thread, 0 for a task.
        attributes: Those of its own span.
        began_at: In nanoseconds since the epoch.
        is_open: Whether it was in flight.

    """

    number: int
    name: str | None
    trace_id: int
    span_id: int
    thread: int
    attributes: dict[str, Any]
    began_at: int
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedProcess:
    """
    A process that has died, by its recording.

    Args:
        header: What is known of it.
        operations: The operations that are in its table, by number.
        slots: Its spans, notes and lines, in the order in which they were written.

    """

    header: Header
    operations: dict[int, RecordedOperation]
    slots: tuple[Slot, ...]

    @property
    def has_work(self) -> bool:
        """Whether an operation or a span was in flight."""
        return any(each.is_open for each in self.operations.values()) or any(map(_is_in_flight, self.slots))

    @property
    def last_moment(self) -> int:
        """When it wrote for the last time, as far as is known."""
        return max([self.header.began_at, *(max(slot.time, slot.ended) for slot in self.slots)])

    def find_operation(self, thread: int = 0) -> RecordedOperation | None:
        """Return the operation that was open and wrote last, one of a thread if that is known."""
        opened = {number: each for number, each in self.operations.items() if each.is_open}
        of_thread = {number: each for number, each in opened.items() if thread and each.thread == thread}
        candidates = of_thread or opened
        for slot in reversed(self.slots):
            if slot.operation in candidates:
                return candidates[slot.operation]
        return max(candidates.values(), key=lambda each: each.began_at, default=None)

    def make_entries(self, operation: RecordedOperation | None) -> list[Entry]:
        """Return the trail of an operation, and what else was in flight; that of the whole process where none was."""
        entries = [
            _make_entry(breadcrumb)
            for slot in self.slots
            if (operation is None or slot.operation == operation.number or _is_in_flight(slot))
            and (breadcrumb := self._make_breadcrumb(slot)) is not None
        ]
        others = (each for each in self.operations.values() if each.is_open and each is not operation)
        return [*entries, *(_make_entry(self._describe_other(each)) for each in others)]

    @guarded("a recorded breadcrumb was read")
    def _make_breadcrumb(self, slot: Slot) -> Breadcrumb | None:
        if slot.kind == layout.SPAN:
            return self._describe_span(slot)
        category, branch, kind, message, *more = (*slot.parts, "", "", "")[: max(len(slot.parts), 4)]
        return Breadcrumb(
            timestamp=slot.time,
            type=to_text(kind or "default"),
            category=to_text(category or "default"),
            level=LEVELS[min(slot.level, len(LEVELS) - 1)],
            message=to_text(message),
            data=read_attributes(more[0]) if more else {},
            branch=branch or None,
        )

    def _describe_span(self, slot: Slot) -> Breadcrumb | None:
        name, branch, scope, words = (*slot.parts, "", "", "", "")[:4]
        in_flight = slot.state == layout.OPEN
        until = self.last_moment if in_flight else slot.ended
        took = round(max(until - slot.time, 0) / _MS, 3)
        failed = slot.state == layout.FAILED
        attributes = read_attributes(words)
        description = describe(
            SpanFacts(
                name=name,
                scope=scope,
                attributes=attributes,
                failed=failed,
                error=str(attributes.get("error.type") or "") or None,
                took=None if in_flight else format_duration(took),
            )
        )
        if description is None:
            return None
        data = {key: value for key, value in description.data.items() if value is not None}
        return Breadcrumb(
            timestamp=slot.time,
            type=description.type,
            category=description.category,
            level=description.level,
            message=f"{description.message} (in flight)" if in_flight else description.message,
            data={**data, "duration_ms": took},
            span_id=format_span_id(slot.span),
            duration_ms=took,
            branch=branch or None,
            in_flight=in_flight,
        )

    def _describe_other(self, operation: RecordedOperation) -> Breadcrumb:
        name = operation.name or f"operation {operation.number}"
        return Breadcrumb(
            timestamp=operation.began_at,
            category="operation",
            message=f"{name} (in flight)",
            span_id=format_span_id(operation.span_id) if operation.span_id else None,
            in_flight=True,
        )


def read_process(data: bytes) -> RecordedProcess:
    """
    Return the process that the bytes of a recording are of.

    Raises:
        ValueError: If they are no recording, or one of a later release.

    """
    header = layout.unpack_header(data)
    if len(data) < layout.SIZE:
        raise ValueError("it was cut")
    table = (layout.unpack_slot(data, at) for at in range(layout.OPERATIONS_AT, layout.SLOTS_AT, layout.SLOT_SIZE))
    found = (layout.unpack_slot(data, at) for at in range(layout.SLOTS_AT, layout.SIZE, layout.SLOT_SIZE))
    slots = sorted((slot for slot in found if slot is not None), key=lambda slot: slot.sequence)
    return RecordedProcess(header=header, operations=_read_operations(table), slots=tuple(slots))


def render_recorded(entry: Entry) -> tuple[Breadcrumb]:
    """Return the breadcrumb of a process that has died."""
    return (entry[-1],)


RECORDED = EntryKind(render=render_recorded)


def _make_entry(breadcrumb: Breadcrumb) -> Entry:
    notable = breadcrumb.level in NOTABLE_LEVELS or breadcrumb.in_flight
    return (breadcrumb.timestamp, notable, breadcrumb.branch, RECORDED, breadcrumb.category, breadcrumb)


def _is_in_flight(slot: Slot) -> bool:
    return slot.kind == layout.SPAN and slot.state == layout.OPEN


def _read_operations(table: Iterable[Slot | None]) -> dict[int, RecordedOperation]:
    found: dict[int, RecordedOperation] = {}
    for slot in table:
        if slot is not None:
            name, trace_id, words = (*slot.parts, "", "", "")[:3]
            found[slot.operation] = RecordedOperation(
                number=slot.operation,
                name=name or None,
                trace_id=int(trace_id, 16) if _TRACE_ID.fullmatch(trace_id) else 0,
                span_id=slot.span,
                thread=slot.thread,
                attributes=read_attributes(words),
                began_at=slot.time,
                is_open=slot.state == layout.OPEN,
            )
    return found
