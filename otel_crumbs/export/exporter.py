"""The interface of an exporter, whose one method of weight sends an event and returns the outcome."""

from __future__ import annotations

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
    Events that it could not deliver wait on disk for a later process, unless it
    has an attribute ``spool`` that is false.
    """

    name: str

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event, in *timeout* seconds at the most."""

    def shutdown(self) -> None:
        """Close the connections."""


class SpoolChoice(Protocol):
    """
    The optional part of an exporter, which says whether undelivered events wait on disk.

    Args:
        spool: True by default; false where an event is of no use once its process has ended.

    """

    spool: bool


def uses_spool(exporter: Exporter | SpoolChoice) -> bool:
    """Return whether the events that an exporter could not deliver wait on disk."""
    # Not by isinstance(), which since Python 3.12 misses the attribute of an exporter that wraps another one by
    # __getattr__: https://docs.python.org/3/library/typing.html#typing.runtime_checkable
    return bool(getattr(exporter, "spool", True))
