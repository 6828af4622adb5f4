"""A request ends at its deadline, whatever the receiver does with it."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from urllib3.connection import HTTPConnection

from otel_crumbs.export import Outcome, Verdict
from otel_crumbs.export.http.poster import Poster
from otel_crumbs.export.http.responses import ReceiverResponse
from tests.export.receiver import Receiver, Reply, receiving

CERTIFICATE = Path(__file__).parents[2] / "delivery" / "expired.pem"
# More than the buffers between two sockets hold.
BODY = b"x" * 32 * 1024 * 1024
TIMEOUT, PATIENCE = 0.5, 20.0


class SlowReader:
    """A receiver that reads a little now and then, until it has had enough."""

    def __init__(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        self.has_enough = threading.Event()
        self.out_of_patience = False
        self._listening = listening
        self._tls = tls

    def read(self) -> None:
        """Read as slowly as it goes."""
        connection, _ = self._listening.accept()
        until = time.monotonic() + PATIENCE
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            while not self.has_enough.wait(0.002) and not self.out_of_patience:
                connection.recv(1024)
                self.out_of_patience = time.monotonic() >= until
        except OSError:  # it was left
            pass
        connection.close()


@contextmanager
def reading_slowly(tls: ssl.SSLContext | None) -> Iterator[SlowReader]:
    """Run a receiver that has little room and takes its time."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        reader = SlowReader(listening, tls)
        thread = threading.Thread(target=reader.read, daemon=True)
        thread.start()
        try:
            yield reader
        finally:
            reader.has_enough.set()
            thread.join()


def encrypted() -> ssl.SSLContext:
    """Return what a receiver needs for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("tls", [False, True])
def test_a_receiver_that_reads_slowly_is_left_at_the_deadline(*, tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is taken in time, the whole would not be."""
    little_room = (socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    monkeypatch.setattr(HTTPConnection, "default_socket_options", [little_room])

    with reading_slowly(encrypted() if tls else None) as reader:
        poster = Poster(reader.url, {}, verify=False)
        outcome = poster.post(BODY, TIMEOUT)
        left_in_time = not reader.out_of_patience
        poster.close()

    assert isinstance(outcome, Outcome)
    assert outcome.verdict is Verdict.RETRY
    assert left_in_time


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


def drip(connection: socket.socket) -> None:
    """Answer a byte now and then."""
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Patience: ")
        for _ in range(900):
            connection.sendall(b".")
            time.sleep(0.05)
    except OSError:
        pass


def test_after_an_answer_that_did_not_end_comes_another_connection(receiver: Receiver) -> None:
    """What is left of the first answer is not taken for the second."""
    poster = Poster(receiver.url, {})
    poster.post(b"first", PATIENCE)
    receiver.reply = Reply(raw=drip)
    late = poster.post(b"second", TIMEOUT)
    receiver.reply = Reply(body=b"taken")

    answer = poster.post(b"third", PATIENCE)

    poster.close()
    first, second, third = receiver.requests
    assert isinstance(late, Outcome)
    assert isinstance(answer, ReceiverResponse)
    assert (late.verdict, answer.status, answer.body) == (Verdict.RETRY, 200, b"taken")
    assert first.port == second.port != third.port


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("tls", [False, True])
def test_a_request_has_the_time_that_it_is_given_not_what_an_earlier_one_had(*, tls: bool) -> None:
    """A connection is kept for longer than the time of one request."""
    with receiving(encrypted() if tls else None) as receiver:
        poster = Poster(receiver.url, {}, verify=False)
        poster.post(b"first", PATIENCE)
        receiver.reply = Reply(body=b"taken")

        time.sleep(TIMEOUT)
        answer = poster.post(b"second", TIMEOUT)

        poster.close()
    assert isinstance(answer, ReceiverResponse)
    assert answer.body == b"taken"
    assert len({request.port for request in receiver.requests}) == 1


def test_a_proxy_is_given_no_more_time(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes its time to connect us is left, too."""
    monkeypatch.setenv("http_proxy", receiver.url)
    monkeypatch.setenv("no_proxy", "")
    receiver.reply = Reply(raw=drip)
    poster = Poster("http://shop.example/events", {})

    outcome = poster.post(b"first", TIMEOUT)

    poster.close()
    assert isinstance(outcome, Outcome)
    assert receiver.request.path == "http://shop.example/events"
