"""Tests of `otel_crumbs.export.batch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_crumbs.event import ErrorEvent
from otel_crumbs.export import Outcome, Verdict, batch
from tests.export.events import event_of

if TYPE_CHECKING:
    import pytest


def encode(event: ErrorEvent) -> bytes:
    """Return a line of an event."""
    return f"{event.event_id}\n".encode()


def test_requests_follow_each_other() -> None:
    """In the order of the events."""
    events = [event_of(), event_of()]

    assert batch.encode_batch(events, encode, 1000) == b"".join(map(encode, events))


def test_what_no_receiver_would_take_is_too_large_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two halves of it are not."""
    monkeypatch.setattr(batch, "MAX_REQUEST", 50)

    outcome = batch.encode_batch([event_of(), event_of()], encode, 1000)

    assert isinstance(outcome, Outcome)
    assert outcome.verdict is Verdict.TOO_LARGE
    assert "2 events have 66 bytes" in outcome.reason
