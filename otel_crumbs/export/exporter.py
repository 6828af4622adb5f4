"""The interface of an exporter, whose one method of weight sends an event and returns the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from otel_crumbs.event import ErrorEvent


class Verdict(Enum):
    """The fate of an event after one attempt."""

    DELIVERED = "delivered"
    # There was no response, or it asks for another attempt: the same event is sent again later.
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
        reason: The reason in words, for the log and `otel-crumbs doctor`.
        retry_after: The number of seconds in which the receiver wants no more events, whatever the verdict.
        rejected: How many of several events the receiver took out and will never take, where it took the others.

    """

    verdict: Verdict
    reason: str = ""
    retry_after: float | None = None
    rejected: int = 0


DELIVERED = Outcome(verdict=Verdict.DELIVERED)


class Exporter(Protocol):
    """
    Sends error events somewhere.

    It runs in a worker thread, one event at a time, with OpenTelemetry's
    instrumentation suppressed. An exception that it raises counts as REFUSED.
    Events that it could not deliver wait on disk for a later process, unless it
    has an attribute ``spool`` that is false.
    """

    name: str

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event, in *timeout* seconds at the most."""

    def shutdown(self) -> None:
        """Close the connections."""


class BatchExporter(Protocol):
    """
    The optional part of an exporter whose receiver takes several events in one request.

    One that is too large, or that the receiver refuses, is sent again in two
    halves; whatever else happens to it happens to all its events.
    """

    def export_batch(self, events: Sequence[ErrorEvent], timeout: float) -> Outcome:
        """Send several events, in *timeout* seconds at the most."""


class SpoolChoice(Protocol):
    """
    The optional part of an exporter, which says whether undelivered events wait on disk.

    Args:
        spool: True by default; false where an event is of no use once its process has ended.

    """

    spool: bool


class Addressed(Protocol):
    """
    The optional part of an exporter that says where it sends to.

    Args:
        destination: The address without secrets. Events that were captured for one are never sent to another.

    """

    destination: str


class PreviewExporter(Protocol):
    """The optional part of an exporter that shows what it would send."""

    def show(self, event: ErrorEvent) -> str:
        """Return the bytes that would leave for an event, before they are compressed, as text; send nothing."""


def uses_spool(exporter: Exporter | SpoolChoice) -> bool:
    """Return whether the events that an exporter could not deliver wait on disk."""
    # Not by isinstance(), which since Python 3.12 misses the attribute of an exporter that wraps another one by
    # __getattr__: https://docs.python.org/3/library/typing.html#typing.runtime_checkable
    return bool(getattr(exporter, "spool", True))


def is_batching(exporter: object) -> bool:
    """Return whether an exporter sends several events in one request."""
    return callable(getattr(exporter, "export_batch", None))


def show_event(exporter: object, event: ErrorEvent) -> str | None:
    """Return the bytes that would leave for an event as text, None if the exporter does not show them."""
    show = getattr(exporter, "show", None)
    return str(show(event)) if callable(show) else None


def find_destination(exporter: object) -> str:
    """Return the address to which an exporter sends, empty if it does not say so."""
    return str(getattr(exporter, "destination", ""))
