"""The interface of an exporter: one method that sends events and returns the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from otel_crumbs.event import ErrorEvent


class Verdict(Enum):
    """The fate of an event after one attempt."""

    DELIVERED = "delivered"
    # Nobody answered, or the receiver asked to come back: the same again later.
    RETRY = "retry"
    # The receiver will never take it.
    REFUSED = "refused"
    # The receiver would take it if it were smaller.
    TOO_LARGE = "too large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    The result of one attempt to send an event.

    Args:
        verdict: The fate of the event.
        reason: In words, for the log and `otel-crumbs doctor`.
        retry_after: For how many seconds the receiver wants no more events, whatever the verdict.

    """

    verdict: Verdict
    reason: str = ""
    retry_after: float | None = None


DELIVERED = Outcome(verdict=Verdict.DELIVERED)


class Exporter(Protocol):
    """
    Sends error events somewhere.

    It runs in a worker thread, one event at a time, with OpenTelemetry's
    instrumentation suppressed. An exception that it raises counts as REFUSED.
    Events that it could not deliver wait on disk for a later process, unless
    it is a `SpoolChoice` that does not want that.
    """

    name: str

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event, in *timeout* seconds at the most."""

    def shutdown(self) -> None:
        """Give back connections."""


class SpoolChoice(Protocol):
    """
    The optional half of an exporter: whether its events wait on disk.

    Args:
        spool: False where an event that is delivered by a later process helps nobody.

    """

    spool: bool


def uses_spool(exporter: Exporter) -> bool:
    """Return whether the events that an exporter could not deliver wait on disk: yes, unless it says no."""
    # Not by isinstance(): since Python 3.12 it misses attributes that an exporter passes on from one that it wraps.
    return bool(getattr(exporter, "spool", True))
