"""Tests of delivery by what the receiver does, from the error to the spool."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import otel_crumbs
from otel_crumbs.base.counters import counters
from otel_crumbs.setup.installation import Installation
from tests.export.receiver import DRIPPING_BODY, DRIPPING_HEADERS, Receiver, Reply, dripping, receiving

from .running import until, waiting

# A certificate for localhost with its key, valid in 1999.
EXPIRED = Path(__file__).parent / "expired.pem"


def reset(connection: socket.socket) -> None:
    """Reset the connection in the middle of a response."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def garbage(connection: socket.socket) -> None:
    """Send bytes that are no HTTP."""
    connection.sendall(b"\x16\x03\x01 what?\r\n\r\n")


def hang(_: socket.socket) -> None:
    """Send nothing for a while."""
    time.sleep(3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """
    A receiver's response, and its consequences.

    Args:
        name: The name of the case.
        reply: The response.
        attempts: How often the event is sent.
        waits: Whether the event waits on disk.
        lost: Whether the event is lost.
        words: A part of the warning.

    """

    name: str
    reply: Reply
    attempts: int
    waits: bool = False
    lost: bool = False
    words: str = ""


CASES = (
    Case(name="200", reply=Reply(), attempts=1),
    Case(name="503", reply=Reply(status=503), waits=True, attempts=1, words="503"),
    Case(name="408", reply=Reply(status=408), waits=True, attempts=1, words="408"),
    Case(name="429", reply=Reply(status=429), waits=True, attempts=1, words="429"),
    Case(
        name="429 with Retry-After",
        reply=Reply(status=429, headers={"Retry-After": "3600"}),
        waits=True,
        attempts=1,
        words="429",
    ),
    Case(name="400", reply=Reply(status=400, body=b"no such field"), lost=True, attempts=1, words="no such field"),
    Case(name="401", reply=Reply(status=401, body=b"who are you"), lost=True, attempts=1, words="who are you"),
    Case(name="404", reply=Reply(status=404), lost=True, attempts=1, words="404"),
    Case(name="413", reply=Reply(status=413), lost=True, attempts=3, words="413"),
    Case(
        name="redirect",
        reply=Reply(status=302, headers={"Location": "https://elsewhere.example/"}),
        lost=True,
        attempts=1,
        words="https://elsewhere.example/",
    ),
    Case(name="reset", reply=Reply(raw=reset), waits=True, attempts=1, words="not reached"),
    Case(name="garbage", reply=Reply(raw=garbage), waits=True, attempts=1, words="not reached"),
    Case(name="hang", reply=Reply(raw=hang), waits=True, attempts=1),
    Case(name="slow drip", reply=Reply(raw=DRIPPING_BODY), waits=True, attempts=1),
    Case(name="a slow drip of headers", reply=Reply(raw=DRIPPING_HEADERS), waits=True, attempts=1, words="not reached"),
    Case(
        name="a response that is put off",
        reply=Reply(raw=dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
        waits=True,
        attempts=1,
    ),
)


@pytest.fixture(autouse=True)
def _a_state_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the spools of tests apart."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("otel_crumbs.export.delivery.attempt.MAX_SECONDS", 1.5)
    monkeypatch.setattr("otel_crumbs.export.delivery.worker_thread.MAX_SECONDS", 1.5)
    monkeypatch.setattr("otel_crumbs.export.delivery.back_off._FIRST", 60.0)
    monkeypatch.setattr("otel_crumbs.export.delivery.back_off._LONGEST", 60.0)


@contextmanager
def installed(url: str) -> Iterator[Installation]:
    """Install the exporter for a URL, uninstall it at the end, and wait until its thread has ended."""
    try:
        yield otel_crumbs.install(exporter="http", http_endpoint=url, flush_timeout=0)
    finally:
        otel_crumbs.uninstall()
        until(lambda: all(thread.name != "otel_crumbs http" for thread in threading.enumerate()))


def capture() -> None:
    """Capture an error with a trail."""
    for number in range(8):
        otel_crumbs.record(f"crumb {number}")
    otel_crumbs.capture_exception(ValueError("boom"))


def find_warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the warnings about events that were not delivered."""
    return [record.getMessage() for record in caplog.records if "could not deliver" in record.getMessage()]


def read_count(name: str) -> int:
    """Return a count of the exporter."""
    return sum(number for attributes, number in counters.read(name) if attributes.get("exporter") == "http")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_response_decides(tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture, case: Case) -> None:
    """An event that may be taken later waits on disk; one that is lost has one warning with the reason."""
    receiver.reply = case.reply
    before = {name: read_count(name) for name in ("sent", "dropped", "retried")}

    with installed(receiver.url) as installation:
        capture()
        until(lambda: any(read_count(name) > before[name] for name in before))
        until(lambda: len(waiting(tmp_path)) == case.waits)

        [worker] = installation.delivery.workers
        assert (worker.delivered, worker.lost) == (not case.waits and not case.lost, case.lost)
        assert len(receiver.requests) == case.attempts
        assert bool(read_count("retried") - before["retried"]) is case.waits
        until(lambda: len(find_warnings(caplog)) == (case.waits or case.lost))
        assert all(case.words in words for words in find_warnings(caplog))


def test_an_event_that_is_too_large_loses_its_trail(receiver: Receiver) -> None:
    """A quarter of the trail is sent, then none of it, and the dropped breadcrumbs are counted."""
    receiver.reply = Reply(status=413)

    with installed(receiver.url):
        capture()
        until(lambda: len(receiver.requests) == 3)

    sizes = [len(request.document["breadcrumbs"]) for request in receiver.requests]
    assert sizes == [8, 2, 0]
    assert [request.document["dropped"] for request in receiver.requests] == [0, 6, 8]
    assert {request.document["event_id"] for request in receiver.requests} == {
        receiver.requests[0].document["event_id"]
    }


def test_a_success_may_ask_for_a_pause(tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """The receiver would drop the next event, so it waits on disk, and the log says why."""
    receiver.reply = Reply(headers={"Retry-After": "3600"})

    with installed(receiver.url) as installation:
        capture()
        assert installation.flush(20) is True
        capture()
        until(lambda: len(waiting(tmp_path)) == 1)

        [worker] = installation.delivery.workers
        assert (worker.delivered, worker.lost, len(receiver.requests)) == (1, 0, 1)
    assert "for 3600 seconds" in caplog.text


def test_an_expired_certificate_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The event waits until the certificate is renewed, and the warning names the reason."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(EXPIRED))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(EXPIRED)

    with receiving(tls=context) as receiver, installed(receiver.url.replace("127.0.0.1", "localhost")):
        capture()
        until(lambda: len(waiting(tmp_path)) == 1)

        assert receiver.requests == []
    assert "certificate has expired" in caplog.text


def test_events_wait_in_memory_without_a_disk(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning says why the spool cannot be used, and the event arrives later."""
    (tmp_path / "otel-crumbs").mkdir(mode=0o777)
    (tmp_path / "otel-crumbs" / "spool").symlink_to(tmp_path)
    receiver.reply = Reply(status=503)

    with installed(receiver.url) as installation:
        capture()
        until(lambda: "wait in memory" in caplog.text)
        receiver.reply = Reply()
        assert installation.flush(20) is True

    assert "symbolic link" in caplog.text
    assert len(receiver.requests) == 2
