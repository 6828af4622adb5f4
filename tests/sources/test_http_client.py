"""Requests made with http.client are breadcrumbs, whatever comes of them."""

from __future__ import annotations

import http.client
import http.server
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from opentelemetry.trace import NonRecordingSpan, NoOpTracer, SpanContext, TraceFlags, use_span

import otel_crumbs
from otel_crumbs.testing import capture_events
from tests.loopback import LoopbackServer


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers with the status that is the path; /moved sends to /200, /hangup answers nothing."""

    def do_GET(self) -> None:
        """Answer."""
        if self.path == "/hangup":
            return
        moved = self.path == "/moved"
        self.send_response(302 if moved else int(self.path.strip("/").partition("?")[0]))
        if moved:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
        """Print nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """Yield the port of a server on loopback."""
    with LoopbackServer(Answering) as server:
        yield server.port


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with capture_events():
        yield


def get(port: int, path: str) -> None:
    """Make a request with http.client alone."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    finally:
        connection.close()


@pytest.mark.parametrize(("status", "level"), [(200, "info"), (404, "warning"), (503, "error")])
def test_an_answer_is_reported_with_its_status(port: int, status: int, level: str) -> None:
    """Method, URL, status, reason and duration are there, and the level fits the status."""
    get(port, f"/{status}?token=abc")

    (breadcrumb,) = otel_crumbs.trail()
    assert (breadcrumb.type, breadcrumb.category, breadcrumb.level) == ("http", "http", level)
    assert breadcrumb.message.startswith(f"GET http://127.0.0.1:{port}/{status} -> {status} in ")
    assert breadcrumb.data["status_code"] == status
    assert breadcrumb.data["reason"] == http.client.responses[status]
    assert breadcrumb.data["library"] == "http.client"
    assert breadcrumb.data["url"].endswith("token=[scrubbed: token]")
    assert breadcrumb.duration_ms == breadcrumb.data["duration_ms"] > 0


def test_a_request_whose_arguments_have_names_is_reported(port: int) -> None:
    """A subclass may hand them over so."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.putrequest(url="/200", method="GET")
    connection.endheaders()
    connection.getresponse().read()
    connection.close()

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.message.startswith(f"GET http://127.0.0.1:{port}/200 -> 200 in ")


def test_a_failed_connection_is_reported() -> None:
    """Where nobody listens there is a breadcrumb that says so."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        with pytest.raises(ConnectionRefusedError):
            get(port, "/200")

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.level == "error"
    assert f"http://127.0.0.1:{port}/200 -> ConnectionRefusedError after " in breadcrumb.message
    assert breadcrumb.data["error"].startswith("ConnectionRefusedError: ")


def test_a_connection_that_breaks_is_reported(port: int) -> None:
    """A server that hangs up without an answer makes one breadcrumb."""
    with pytest.raises(http.client.RemoteDisconnected):
        get(port, "/hangup")

    (breadcrumb,) = otel_crumbs.trail()
    assert "-> RemoteDisconnected after " in breadcrumb.message


def test_each_hop_of_a_redirect_is_reported(port: int) -> None:
    """Urllib follows with a request of its own."""
    urllib.request.urlopen(f"http://127.0.0.1:{port}/moved").close()

    assert [breadcrumb.data["status_code"] for breadcrumb in otel_crumbs.trail()] == [302, 200]


def test_an_unknown_host_is_reported() -> None:
    """A name that does not resolve is an error of its own kind."""
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen("http://host.invalid/")

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.message.startswith("GET http://host.invalid/ -> gaierror after ")


def test_it_is_silent_under_an_instrumented_client(port: int) -> None:
    """Instrumented clients suppress HTTP instrumentation below them, and have a span, sampled or not."""
    for flags in (TraceFlags(TraceFlags.SAMPLED), TraceFlags(TraceFlags.DEFAULT)):
        span = NonRecordingSpan(SpanContext(trace_id=1, span_id=1, is_remote=False, trace_flags=flags))
        with use_span(span), suppress_http_instrumentation():
            get(port, "/200")

    assert otel_crumbs.trail() == ()


def test_an_instrumented_client_without_an_sdk_leaves_a_breadcrumb(port: int) -> None:
    """Its span is none, so nobody else tells of the call."""
    with NoOpTracer().start_as_current_span("GET"), suppress_http_instrumentation():
        get(port, "/200")

    assert [breadcrumb.category for breadcrumb in otel_crumbs.trail()] == ["http"]


def test_a_second_request_on_a_connection_is_a_second_breadcrumb(port: int) -> None:
    """A kept connection tells of each request."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for path in ("/200", "/404"):
        connection.request("GET", path)
        connection.getresponse().read()
    connection.close()

    assert [breadcrumb.data["status_code"] for breadcrumb in otel_crumbs.trail()] == [200, 404]
