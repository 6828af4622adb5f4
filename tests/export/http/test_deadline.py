"""Tests of `otel_crumbs.export.http.deadline`: a request ends at its deadline, however slow the receiver is."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from urllib3.connection import HTTPConnection

from otel_crumbs.export import Exporter, Outcome, Verdict
from otel_crumbs.export.http.poster import Poster
from otel_crumbs.export.http.responses import ReceiverResponse
from tests.export.receiver import DRIPPING_BODY, DRIPPING_HEADERS, Receiver, Reply, receiving

from .exporters import every_exporter, send_event

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
def test_a_slow_reader_is_given_up_at_the_deadline(*, tls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece of the request is taken in time, but the whole would not be."""
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


def test_an_unfinished_response_ends_its_connection(receiver: Receiver) -> None:
    """The rest of it is not taken for the response to the next request."""
    poster = Poster(receiver.url, {})
    poster.post(b"first", PATIENCE)
    receiver.reply = Reply(raw=DRIPPING_HEADERS)
    late = poster.post(b"second", TIMEOUT)
    receiver.reply = Reply(body=b"taken")

    response = poster.post(b"third", PATIENCE)

    poster.close()
    first, second, third = receiver.requests
    assert isinstance(late, Outcome)
    assert isinstance(response, ReceiverResponse)
    assert (late.verdict, response.status, response.body) == (Verdict.RETRY, 200, b"taken")
    assert first.port == second.port != third.port


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("tls", [False, True])
def test_each_request_has_its_own_deadline(*, tls: bool) -> None:
    """A connection is kept longer than the time of one request."""
    with receiving(encrypted() if tls else None) as receiver:
        poster = Poster(receiver.url, {}, verify=False)
        poster.post(b"first", PATIENCE)
        receiver.reply = Reply(body=b"taken")

        time.sleep(TIMEOUT)
        response = poster.post(b"second", TIMEOUT)

        poster.close()
    assert isinstance(response, ReceiverResponse)
    assert response.body == b"taken"
    assert len({request.port for request in receiver.requests}) == 1


def test_a_proxy_has_the_same_deadline(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that does not respond in time is given up, too."""
    monkeypatch.setenv("http_proxy", receiver.url)
    monkeypatch.setenv("no_proxy", "")
    receiver.reply = Reply(raw=DRIPPING_HEADERS)
    poster = Poster("http://shop.example/events", {})

    outcome = poster.post(b"first", TIMEOUT)

    poster.close()
    assert isinstance(outcome, Outcome)
    assert receiver.request.path == "http://shop.example/events"


@every_exporter
def test_a_silent_receiver_is_given_up(make: Callable[[str], Exporter]) -> None:
    """A connection without a response does not hold up the next event."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = send_event(make, f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)

    assert outcome.verdict is Verdict.RETRY


@every_exporter
def test_a_slow_body_ends_at_the_deadline(receiver: Receiver, make: Callable[[str], Exporter]) -> None:
    """Each byte comes in time, but the end of the body would not; the status is enough."""
    receiver.reply = Reply(raw=DRIPPING_BODY)
    started = time.monotonic()

    outcome = send_event(make, receiver.url, timeout=0.5)

    assert outcome.verdict is Verdict.RETRY
    assert "503" in outcome.reason
    assert time.monotonic() - started < 20
