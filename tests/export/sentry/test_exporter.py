"""Tests of `otel_crumbs.export.sentry.exporter`: envelopes, and the rate limits of responses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from otel_crumbs import Breadcrumb
from otel_crumbs.export import Outcome, Verdict
from otel_crumbs.export.sentry.dsn import read_dsn
from otel_crumbs.export.sentry.exporter import SentryExporter, envelope_of, parse_rate_limits
from tests.export.events import NOW, event_of
from tests.export.receiver import Receiver, Reply, receiving
from tests.export.schemas import assert_valid_envelope


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


def send_event(receiver: Receiver, **fields: Any) -> Outcome:
    """Send an event, and return the outcome."""
    exporter = SentryExporter(read_dsn(f"{receiver.url.replace('://', '://public:secret@')}/relay/42"))
    try:
        return exporter.export(event_of(**fields), 5.0)
    finally:
        exporter.shutdown()


def test_an_event_is_an_envelope_of_one_item(receiver: Receiver) -> None:
    """It is posted below the path of the DSN, with the public key alone in the header."""
    send_event(receiver)

    request = receiver.request
    assert request.path == "/relay/api/42/envelope/"
    assert request.headers["Content-Type"] == "application/x-sentry-envelope"
    assert request.headers["Content-Encoding"] == "gzip"
    assert "sentry_key=public, sentry_version=7" in request.headers["X-Sentry-Auth"]
    assert "secret" not in str(request.headers)
    header, item_header, payload = request.envelope
    assert header["event_id"] == payload["event_id"]
    assert header["sent_at"].endswith("Z")
    assert item_header["type"] == "event"
    assert_valid_envelope(request.body)


def test_a_nul_is_replaced() -> None:
    """Databases of trackers take no NUL; a text that only looks like one stays."""
    messages = ("a\0b\0", "\\u0000", "\\\0")
    event = event_of(breadcrumbs=tuple(Breadcrumb(timestamp=NOW, message=message) for message in messages))

    payload = json.loads(envelope_of(event).split(b"\n")[2])

    kept = [breadcrumb["message"] for breadcrumb in payload["breadcrumbs"]["values"]]
    assert kept == ["a\ufffdb\ufffd", "\\u0000", "\\\ufffd"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("60::key, 86400:transaction;span:organization", 60.0),
        ("86400:transaction;span:organization", None),
        ("60:error:project, 120:default;security:organization:quota", 120.0),
        ("60:transaction:key, 2700:default;error;security:organization", 2700.0),
        ("7", 7.0),
        ("soon::key, -1::key", None),
    ],
)
def test_rate_limits_are_parsed(header: str | None, seconds: float | None) -> None:
    """The limits of errors count, and those of all categories."""
    assert parse_rate_limits(header) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-Sentry-Rate-Limits": "30:error:key", "Retry-After": "5"}, 30.0),
        ({"Retry-After": "5"}, 5.0),
        ({}, 60.0),
        ({"X-Sentry-Rate-Limits": "86400:transaction;span:organization"}, 60.0),
    ],
)
def test_a_status_of_429_asks_for_a_pause(receiver: Receiver, headers: dict[str, str], seconds: float) -> None:
    """The pause is as long as the headers say, or a minute without them."""
    receiver.reply = Reply(status=429, headers=headers)

    outcome = send_event(receiver)

    assert (outcome.verdict, outcome.retry_after) == (Verdict.RETRY, seconds)


def test_a_success_may_have_a_rate_limit(receiver: Receiver) -> None:
    """The event is delivered, and the next one has to wait."""
    receiver.reply = Reply(headers={"X-Sentry-Rate-Limits": "9::key"}, body=b'{"id": "1"}')

    outcome = send_event(receiver)

    assert (outcome.verdict, outcome.retry_after) == (Verdict.DELIVERED, 9.0)
