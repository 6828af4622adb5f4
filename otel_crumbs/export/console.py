"""The exporter that prints error events to standard error, for a first look."""

from __future__ import annotations

import sys

from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.base.printable import to_printable
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.trim import encode_within
from otel_crumbs.trails import Breadcrumb

from .exporter import DELIVERED, Outcome

_NS = 1e9


class ConsoleExporter:
    """
    Prints each event with its trail, with times relative to the error.

    Args:
        max_bytes: How much of an event is printed.

    """

    name = "console"
    # An event that a later process prints is of no use.
    spool = False

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Print one event."""
        # In one piece: the application prints from other threads.
        sys.stderr.write(f"{self.show(event)}\n")
        sys.stderr.flush()
        return DELIVERED

    def show(self, event: ErrorEvent) -> str:
        """Return the lines of one event."""
        return encode_within(event, format_event, self._max_bytes, weigh=_count_bytes)

    def shutdown(self) -> None:
        """Do nothing, since the stream belongs to the application."""


def format_event(event: ErrorEvent) -> str:
    """Return an event as lines of text, of which the error is the last."""
    where = f" in {to_printable(event.operation)}" if event.operation else ""
    lines = [f"otel_crumbs: {event.level} event {event.event_id}{where}, {len(event.breadcrumbs)} breadcrumbs"]
    if event.dropped:
        lines.append(f"    ({event.dropped} earlier ones had no room)")
    lines += [_format_line(breadcrumb, event.timestamp) for breadcrumb in event.breadcrumbs]
    lines.append(f"  {'0':>9}   {event.level:<7}  {to_printable(event.title)}")
    return "\n".join(lines)


def _count_bytes(words: str) -> int:
    return len(words.encode("utf-8", "surrogatepass")) + 1


def _format_line(breadcrumb: Breadcrumb, zero: int) -> str:
    repeated = f" x{breadcrumb.repeated}" if breadcrumb.repeated > 1 else ""
    seconds = (breadcrumb.timestamp - zero) / _NS
    line = to_printable(f"{breadcrumb.category}: {breadcrumb.message}")
    return f"  {seconds:>+9.3f} s {breadcrumb.level:<7}  {line}{repeated}"
