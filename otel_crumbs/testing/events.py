"""The exporter that keeps error events in memory, and its installation for a block of a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, overload

from otel_crumbs.event import ErrorEvent
from otel_crumbs.export import DELIVERED, Outcome
from otel_crumbs.install import flush, install
from otel_crumbs.trails import current

# In seconds. Events are made in a worker thread, which needs much less.
_PATIENCE = 10.0


class CapturedEvents(Sequence[ErrorEvent]):
    """
    The error events captured so far, oldest first; an exporter that keeps them.

    Reading them waits until the worker has delivered every captured error.
    """

    name = "memory"
    spool = False

    def __init__(self) -> None:
        self._events: list[ErrorEvent] = []

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Keep one event."""
        self._events.append(event)
        return DELIVERED

    def shutdown(self) -> None:
        """Keep the events: the test reads them later."""

    def clear(self) -> None:
        """Forget the events so far."""
        flush(_PATIENCE)
        self._events.clear()

    @overload
    def __getitem__(self, index: int) -> ErrorEvent: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ErrorEvent]: ...

    def __getitem__(self, index: int | slice) -> ErrorEvent | Sequence[ErrorEvent]:
        """Return an event, or a slice of them."""
        flush(_PATIENCE)
        return self._events[index]

    def __len__(self) -> int:
        """Return the number of events."""
        flush(_PATIENCE)
        return len(self._events)


@contextmanager
def capture_events(**options: Any) -> Iterator[CapturedEvents]:
    """
    Install breadcrumbs with an exporter in memory; uninstall them at the end.

    Trails begin empty. Providers are left as they are: set up the SDK as your
    application does.

    Args:
        options: As of `otel_crumbs.install`; ``exporter`` is taken.

    Example:
        >>> with capture_events() as events:
        ...     otel_crumbs.record("about to fail")
        ...     _ = otel_crumbs.capture_exception(ValueError("boom"))
        ...     print(events[0].title)
        ValueError: boom

    """
    events = CapturedEvents()
    current.reset()
    installation = install(**{**options, "exporter": events})
    try:
        yield events
    finally:
        installation.uninstall()
        current.reset()
