"""Tests of `otel_crumbs.export.http.poster`: requests without a response, and connections that are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from otel_crumbs.export import Exporter, Verdict
from otel_crumbs.export.http.poster import Poster
from tests.export.events import event_of
from tests.export.receiver import Receiver, Reply
from tests.loopback import nobody_listens

from .exporters import TIMEOUT, every_exporter, make_sentry, send_event


@every_exporter
def test_an_unreachable_receiver_is_tried_again(make: Callable[[str], Exporter]) -> None:
    """The receiver may still be starting."""
    outcome = send_event(make, nobody_listens())

    assert outcome.verdict is Verdict.RETRY
    assert "was not reached" in outcome.reason


@every_exporter
@pytest.mark.parametrize("words", [b"", b"garbage\r\n\r\n", b"\x00\xff\n\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_a_response_that_is_no_http_is_tried_again(
    receiver: Receiver, make: Callable[[str], Exporter], words: bytes
) -> None:
    """A connection that breaks, or speaks something else, says nothing about the event."""
    receiver.reply = Reply(raw=lambda connection: connection.sendall(words))

    assert send_event(make, receiver.url).verdict is Verdict.RETRY


@every_exporter
@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[::1", "http://a b"])
def test_a_wrong_url_is_final(make: Callable[[str], Exporter], url: str) -> None:
    """Another attempt would not mend a typing error."""
    try:
        outcome = send_event(make, url)
    except ValueError:  # the DSN says so before anything is sent
        assert make is make_sentry
        return

    assert outcome.verdict is Verdict.REFUSED


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
    ("before_host", "headers", "sent"),
    [
        ("", {"Authorization": "Bearer ours"}, "Bearer ours"),
        ("", {}, None),
        ("user:word@", {}, "Basic dXNlcjp3b3Jk"),
    ],
)
def test_the_authorization_is_that_of_the_settings(
    receiver: Receiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before_host: str,
    headers: dict[str, str],
    sent: str | None,
) -> None:
    """A .netrc file has a password for the host, which is for other programs."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    Poster(receiver.url.replace("//", f"//{before_host}"), headers).post(b"{}", TIMEOUT)

    assert receiver.requests[-1].headers.get("Authorization") == sent
