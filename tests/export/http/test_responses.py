"""What each answer of a receiver, or none, means for an event."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate

import pytest

from otel_crumbs.export import Exporter, Outcome, Verdict
from otel_crumbs.export.http.exporter import HttpExporter
from otel_crumbs.export.http.responses import parse_retry_after
from otel_crumbs.export.otlp.environment import read_otlp_settings
from otel_crumbs.export.otlp.http_exporter import OtlpHttpExporter
from otel_crumbs.export.sentry.dsn import read_dsn
from otel_crumbs.export.sentry.exporter import SentryExporter
from tests.export.events import event_of
from tests.export.receiver import Receiver, Reply, receiving
from tests.loopback import nobody_listens

TIMEOUT = 5.0


def otlp(url: str) -> Exporter:
    """Return the exporter `otlp`."""
    return OtlpHttpExporter(read_otlp_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": url}))


def http(url: str) -> Exporter:
    """Return the exporter `http`."""
    return HttpExporter(f"{url}/events", headers={})


def sentry(url: str) -> Exporter:
    """Return the exporter `sentry`."""
    return SentryExporter(read_dsn(f"{url.replace('://', '://key@')}/1"))


EXPORTERS = (otlp, http, sentry)
every_exporter = pytest.mark.parametrize("make", EXPORTERS)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


def sent(make: Callable[[str], Exporter], url: str, timeout: float = TIMEOUT) -> Outcome:
    """Return what became of an event."""
    exporter = make(url)
    try:
        return exporter.export(event_of(), timeout)
    finally:
        exporter.shutdown()


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
def test_a_status_decides(receiver: Receiver, make: Callable[[str], Exporter], status: int, verdict: Verdict) -> None:
    """What may pass is tried again, what is too large may shrink, and the rest is final."""
    receiver.reply = Reply(status=status)

    outcome = sent(make, receiver.url)

    assert outcome.verdict is verdict
    assert (str(status) in outcome.reason) == (verdict is not Verdict.DELIVERED)


@every_exporter
def test_what_the_receiver_said_is_the_reason(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """The one warning tells what somebody has to change, in a line."""
    receiver.reply = Reply(
        status=403, headers={"Content-Type": "text/plain"}, body=b"Project not found\n  or key wrong"
    )

    outcome = sent(make, receiver.url)

    assert outcome.reason.endswith("answered 403 Forbidden: Project not found or key wrong")


@every_exporter
def test_a_redirect_is_not_followed_and_says_where_to(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """Followed, a POST would become a GET, and an event nothing."""
    receiver.reply = Reply(status=302, headers={"Location": "https://elsewhere.example/login"})

    outcome = sent(make, receiver.url)

    assert outcome.verdict is Verdict.REFUSED
    assert "https://elsewhere.example/login" in outcome.reason
    assert len(receiver.requests) == 1


@every_exporter
@pytest.mark.parametrize("status", [200, 202, 429, 503])
def test_a_receiver_that_asks_for_time_is_understood(
    receiver: Receiver, make: Callable[[str], Exporter], status: int
) -> None:
    """`Retry-After` holds for all that may be tried again, and for the next event where this one was taken."""
    receiver.reply = Reply(status=status, headers={"Retry-After": "17"})

    assert sent(make, receiver.url).retry_after == 17.0


@every_exporter
def test_nobody_there_is_worth_another_try(make: Callable[[str], Exporter]) -> None:
    """The receiver may be starting."""
    outcome = sent(make, nobody_listens())

    assert outcome.verdict is Verdict.RETRY
    assert "was not reached" in outcome.reason


@every_exporter
@pytest.mark.parametrize("words", [b"", b"garbage\r\n\r\n", b"\x00\xff\n\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_answer_is_worth_another_try(
    receiver: Receiver, make: Callable[[str], Exporter], words: bytes
) -> None:
    """A connection that breaks, and one that speaks something else, say nothing of the event."""
    receiver.reply = Reply(raw=lambda connection: connection.sendall(words))

    assert sent(make, receiver.url).verdict is Verdict.RETRY


@every_exporter
def test_a_receiver_that_says_nothing_is_given_up_in_time(make: Callable[[str], Exporter]) -> None:
    """A connection that is taken and never answered does not hold up the next event."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = sent(make, f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)

    assert outcome.verdict is Verdict.RETRY


def dripping(connection: socket.socket) -> None:
    """Answer a byte now and then, for much longer than anybody waits."""
    try:
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 600\r\n\r\n")
        for _ in range(600):
            connection.sendall(b".")
            time.sleep(0.05)
    except OSError:
        pass


@every_exporter
def test_a_slow_drip_ends_at_the_deadline(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """Each byte comes in time, the end of the answer would not; the status is enough."""
    receiver.reply = Reply(raw=dripping)
    started = time.monotonic()

    outcome = sent(make, receiver.url, timeout=0.5)

    assert outcome.verdict is Verdict.RETRY
    assert "503" in outcome.reason
    assert time.monotonic() - started < 20


@every_exporter
@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[::1", "http://a b"])
def test_an_address_that_can_never_be_reached_is_final(make: Callable[[str], Exporter], url: str) -> None:
    """Trying again would not mend a typing error."""
    try:
        outcome = sent(make, url)
    except ValueError:  # the DSN says so before anything is sent
        assert make is sentry
        return

    assert outcome.verdict is Verdict.REFUSED


@every_exporter
def test_a_success_in_other_words_is_a_success_where_nothing_else_was_promised(
    receiver: Receiver, make: Callable[[str], Exporter]
) -> None:
    """A page instead of Sentry's receipt is some proxy's: the event is kept; elsewhere the status decides."""
    receiver.reply = Reply(headers={"Content-Type": "text/html"}, body=b"<html>Please log in</html>")

    outcome = sent(make, receiver.url)

    assert outcome.verdict is (Verdict.RETRY if make is sentry else Verdict.DELIVERED)


@every_exporter
def test_connections_are_kept(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """A second event needs no new handshake."""
    receiver.reply = Reply(headers={"Content-Type": "application/json"}, body=b"{}")
    exporter = make(receiver.url)

    ports = set()
    for _ in range(3):
        exporter.export(event_of(), TIMEOUT)
        ports.add(receiver.requests[-1].port)
    exporter.shutdown()

    assert len(ports) == 1


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


def test_retry_after_as_a_date_to_come() -> None:
    """It is so far away as the clock says."""
    seconds = parse_retry_after(formatdate(time.time() + 120, usegmt=True))

    assert seconds is not None
    assert 100 < seconds <= 120
