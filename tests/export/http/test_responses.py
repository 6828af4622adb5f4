"""Tests of `otel_crumbs.export.http.responses`: each response means an outcome for the event."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

from otel_crumbs.export import Exporter, Verdict
from otel_crumbs.export.http.responses import parse_retry_after
from tests.export.receiver import Receiver, Reply

from .exporters import every_exporter, make_sentry, send_event


@every_exporter
@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (202, Verdict.DELIVERED),
        (301, Verdict.REFUSED),
        (400, Verdict.REFUSED),
        (401, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (408, Verdict.RETRY),
        (413, Verdict.TOO_LARGE),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY),
        (503, Verdict.RETRY),
    ],
)
def test_the_status_decides(receiver: Receiver, make: Callable[[str], Exporter], status: int, verdict: Verdict) -> None:
    """Some statuses mean another attempt, one means a smaller event, and the others are final."""
    receiver.reply = Reply(status=status)

    outcome = send_event(make, receiver.url)

    assert outcome.verdict is verdict
    assert (str(status) in outcome.reason) == (verdict is not Verdict.DELIVERED)


@every_exporter
def test_the_reason_quotes_the_receiver(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """The warning says in one line what has to be changed."""
    receiver.reply = Reply(
        status=403, headers={"Content-Type": "text/plain"}, body=b"Project not found\n  or key wrong"
    )

    outcome = send_event(make, receiver.url)

    assert outcome.reason.endswith("answered 403 Forbidden: Project not found or key wrong")


@every_exporter
def test_a_redirect_is_not_followed(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """The POST would become a GET without the event; the reason names the other address."""
    receiver.reply = Reply(status=302, headers={"Location": "https://elsewhere.example/login"})

    outcome = send_event(make, receiver.url)

    assert outcome.verdict is Verdict.REFUSED
    assert "https://elsewhere.example/login" in outcome.reason
    assert len(receiver.requests) == 1


@every_exporter
@pytest.mark.parametrize("status", [200, 202, 429, 503])
def test_retry_after_is_read(receiver: Receiver, make: Callable[[str], Exporter], status: int) -> None:
    """The header counts with a success as well as with a failure."""
    receiver.reply = Reply(status=status, headers={"Retry-After": "17"})

    assert send_event(make, receiver.url).retry_after == 17.0


@every_exporter
def test_a_proxys_page_is_no_success_for_sentry(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """The exporter `sentry` expects JSON and tries again; for the others the status decides."""
    receiver.reply = Reply(headers={"Content-Type": "text/html"}, body=b"<html>Please log in</html>")

    outcome = send_event(make, receiver.url)

    assert outcome.verdict is (Verdict.RETRY if make is make_sentry else Verdict.DELIVERED)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("2.5", 2.5),
        ("-3", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    """A header that cannot be parsed counts as none."""
    assert parse_retry_after(header) == seconds


def test_retry_after_as_a_future_date() -> None:
    """The seconds are those from now until the date."""
    seconds = parse_retry_after(formatdate(time.time() + 120, usegmt=True))

    assert seconds is not None
    assert 100 < seconds <= 120


@every_exporter
def test_what_a_receiver_says_does_nothing_to_a_terminal(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """Nor to the lines of a log; and no token of the address that it names is written."""
    receiver.reply = Reply(status=403, headers={"Content-Type": "text/plain"}, body=b"no\x1b[2J \xe2\x80\xaeyek\n2: ok")
    refused = send_event(make, receiver.url)
    receiver.reply = Reply(status=302, headers={"Location": "https://user:word@elsewhere.example/login?token=hunter2"})
    moved = send_event(make, receiver.url)

    assert refused.reason.endswith("403 Forbidden: no\\x1b[2J \\u202eyek 2: ok")
    assert "moved to https://elsewhere.example/login, and" in moved.reason
