"""What becomes of an event by what the receiver does, all the way from capture to the spool."""

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
from tests.export.receiver import Receiver, Reply, receiving

from .running import until, waiting

# A certificate for localhost with its key, valid in 1999.
EXPIRED = Path(__file__).parent / "expired.pem"


def reset(connection: socket.socket) -> None:
    """Hang up in the middle of an answer, so that the other side notices."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def garbage(connection: socket.socket) -> None:
    """Answer in no language."""
    connection.sendall(b"\x16\x03\x01 what?\r\n\r\n")


def drip(connection: socket.socket) -> None:
    """Answer a byte now and then."""
    try:
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 900\r\n\r\n")
        for _ in range(900):
            connection.sendall(b".")
            time.sleep(0.05)
    except OSError:
        pass


def drip_headers(connection: socket.socket) -> None:
    """Answer a byte now and then, and never come to the point."""
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Patience: ")
        for _ in range(900):
            connection.sendall(b".")
            time.sleep(0.05)
    except OSError:
        pass


def continue_forever(connection: socket.socket) -> None:
    """Say that the answer will come, again and again."""
    try:
        for _ in range(900):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.05)
    except OSError:
        pass


def hang(_: socket.socket) -> None:
    """Say nothing for a while."""
    time.sleep(3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A receiver's first answer, and what it means."""

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
    Case(name="slow drip", reply=Reply(raw=drip), waits=True, attempts=1),
    Case(name="a slow drip of headers", reply=Reply(raw=drip_headers), waits=True, attempts=1, words="not reached"),
    Case(name="an answer that is put off", reply=Reply(raw=continue_forever), waits=True, attempts=1),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


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
    """Send to a URL; the worker's last attempt ends with it, and is not the next test's."""
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


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said of events that were not delivered."""
    return [record.getMessage() for record in caplog.records if "could not deliver" in record.getMessage()]


def total(name: str) -> int:
    """Return what was counted for the exporter."""
    return sum(number for attributes, number in counters.read(name) if attributes.get("exporter") == "http")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_answer_decides(tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture, case: Case) -> None:
    """What may pass waits on disk, what is final is lost with one warning that says why."""
    receiver.reply = case.reply
    before = {name: total(name) for name in ("sent", "dropped", "retried")}

    with installed(receiver.url) as installation:
        capture()
        until(lambda: any(total(name) > before[name] for name in before))
        until(lambda: len(waiting(tmp_path)) == case.waits)

        [worker] = installation.delivery.workers
        assert (worker.delivered, worker.lost) == (not case.waits and not case.lost, case.lost)
        assert len(receiver.requests) == case.attempts
        assert bool(total("retried") - before["retried"]) is case.waits
        until(lambda: len(warned(caplog)) == (case.waits or case.lost))
        assert all(case.words in words for words in warned(caplog))


def test_what_is_too_large_is_sent_with_a_shorter_trail_and_then_with_none(receiver: Receiver) -> None:
    """A receiver of little room gets the error at least; what was left out is counted."""
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


def test_after_an_answer_that_asks_to_wait_events_wait(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """The receiver took this one, and would drop the next: it is kept on disk, and the log says why."""
    receiver.reply = Reply(headers={"Retry-After": "3600"})

    with installed(receiver.url) as installation:
        capture()
        assert installation.flush(20) is True
        capture()
        until(lambda: len(waiting(tmp_path)) == 1)

        [worker] = installation.delivery.workers
        assert (worker.delivered, worker.lost, len(receiver.requests)) == (1, 0, 1)
    assert "for 3600 seconds" in caplog.text


def test_a_certificate_that_has_expired_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The event waits for somebody to renew it, and the warning says what is wrong."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(EXPIRED))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(EXPIRED)

    with receiving(tls=context) as receiver, installed(receiver.url.replace("127.0.0.1", "localhost")):
        capture()
        until(lambda: len(waiting(tmp_path)) == 1)

        assert receiver.requests == []
    assert "certificate has expired" in caplog.text


def test_a_dead_disk_loses_nothing_that_memory_holds(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    """A spool that cannot be used is said once, and the event goes on waiting."""
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
