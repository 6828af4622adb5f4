"""Exporters and errors for the tests of delivery."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from otel_crumbs import ErrorEvent
from otel_crumbs.event import CapturedError, capture_error
from otel_crumbs.export import DELIVERED, Delivery, Outcome, Verdict
from otel_crumbs.export.spool.spool_file import count_events

# Nothing that works takes this long; only a test that fails waits for it.
PATIENCE = 10.0

RETRY = Outcome(verdict=Verdict.RETRY, reason="come back later")
REFUSED = Outcome(verdict=Verdict.REFUSED, reason="not welcome")


@dataclass
class ScriptedExporter:
    """
    An exporter that returns the outcomes of a list, and DELIVERED after them.

    Args:
        outcomes: The outcomes of the first attempts.
        sent: The messages of the events that were sent.
        gate: Opens when the exporter may return, None if it returns at once.
        began: Set by the first attempt.
        on_export: Called by every attempt.
        closed: Whether the exporter was shut down.

    """

    name: str = "test"
    outcomes: list[Outcome] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    gate: threading.Event | None = None
    began: threading.Event = field(default_factory=threading.Event)
    on_export: Callable[[], None] = lambda: None
    closed: bool = False

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Return the next outcome."""
        self.began.set()
        self.on_export()
        if self.gate is not None:
            self.gate.wait(PATIENCE)
        self.sent.append(event.exception.message)
        return self.outcomes.pop(0) if self.outcomes else DELIVERED

    def shutdown(self) -> None:
        """Remember the call."""
        self.closed = True


@dataclass
class BatchingExporter(ScriptedExporter):
    """
    An exporter that takes several events in one request.

    Args:
        batches: The messages of each request's events.
        poison: The message of an event for which a request is refused as a whole.

    """

    batches: list[list[str]] = field(default_factory=list)
    poison: str | None = None

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Return the next outcome."""
        return self.export_batch([event], timeout)

    def export_batch(self, events: Sequence[ErrorEvent], timeout: float) -> Outcome:
        """Return the next outcome."""
        messages = [event.exception.message for event in events]
        self.began.set()
        self.on_export()
        if self.gate is not None:
            self.gate.wait(PATIENCE)
        self.batches.append(messages)
        outcome = REFUSED if self.poison in messages else self.outcomes.pop(0) if self.outcomes else DELIVERED
        if outcome.verdict is Verdict.DELIVERED:
            self.sent += messages
        return outcome


@dataclass
class SlowExporter:
    """
    An exporter whose requests take a moment.

    Args:
        outcome: The outcome of every attempt.
        wait: Called by every attempt; returns when the response has come.
        began: The messages of the events whose requests began.
        ended: The messages of the events whose responses came.

    """

    outcome: Outcome = DELIVERED
    wait: Callable[[], object] = lambda: None
    name: str = "test"
    began: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Wait for the response."""
        self.began.append(event.exception.message)
        self.wait()
        self.ended.append(event.exception.message)
        return self.outcome

    def shutdown(self) -> None:
        """Do nothing."""


def captured_error(message: str = "boom", *, fatal: bool = False) -> CapturedError:
    """Return a captured error."""
    return capture_error(ValueError(message), mechanism="test", handled=False, fatal=fatal)


def emit_errors(delivery: Delivery, count: int = 1) -> None:
    """Emit captured errors, named ``error-0`` and so on."""
    for number in range(count):
        delivery.emit(captured_error(f"error-{number}"))


def count_files(folder: Path) -> int:
    """Return how many events are in the spools of a folder."""
    return sum(count_events(path.name) for path in folder.glob("*/*/*.event"))
