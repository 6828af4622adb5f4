"""Error events kept in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, overload

from otel_crumbs.event import ErrorEvent
from otel_crumbs.export import DELIVERED, Outcome
from otel_crumbs.install import flush, install
from otel_crumbs.trails import current

# Events are made in a worker; nothing that works takes this long.
_PATIENCE = 10.0


class CapturedEvents(Sequence[ErrorEvent]):
    """
    The error events captured so far, oldest first; an exporter that keeps them.

    Looking at them waits until the worker is done with what was captured.
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
        """Keep the events."""

    def clear(self) -> None:
        """Forget them."""
        flush(_PATIENCE)
        self._events.clear()

    @overload
    def __getitem__(self, index: int) -> ErrorEvent: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ErrorEvent]: ...

    def __getitem__(self, index: int | slice) -> ErrorEvent | Sequence[ErrorEvent]:
        """Return an event, or some."""
        flush(_PATIENCE)
        return self._events[index]

    def __len__(self) -> int:
        """Return how many there are."""
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
