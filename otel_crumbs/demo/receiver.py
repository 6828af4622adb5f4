"""A stand-in for a collector: OTLP over HTTP on a free loopback port, nothing stored on disk."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from otel_crumbs.view.received_event import ReceivedEvent, read_request

if TYPE_CHECKING:
    from typing_extensions import Self

# A larger request is refused: exporters of OpenTelemetry's SDK send less at once.
MAX_BODY = 64 * 1024 * 1024
FORWARDED = ("/v1/logs", "/v1/traces")
UNPACK: Mapping[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


class Receiver:
    """
    Takes OTLP/HTTP with protobuf bodies, and keeps the error events.

    Traces, metrics and the application's own log records are taken as well, and dropped.

    Args:
        forward: Called with the path and the body of each request, in the server's threads.

    """

    def __init__(self, forward: Callable[[str, bytes], None] = lambda *_: None) -> None:
        self.forward = forward
        self._events: dict[str, ReceivedEvent] = {}
        self._arrived = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": self}))
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="OTLP receiver", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take_logs(self, body: bytes) -> None:
        """Keep the error events of one request; one that was sent twice is one."""
        events = [event for event in read_request(body) if event.event_id]
        with self._arrived:
            self._events.update({event.event_id: event for event in events})
            self._arrived.notify_all()

    def list_events(self) -> list[ReceivedEvent]:
        """Return the error events so far, newest last."""
        with self._arrived:
            return sorted(self._events.values(), key=lambda event: event.timestamp)

    def wait_for(self, count: int, deadline: float) -> bool:
        """Wait until there are this many error events, at most until *deadline* (monotonic)."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self._events) >= count, max(0.0, deadline - monotonic()))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: a client that is killed leaves its connections open."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True
            self._respond(413)
            return
        self._respond(self._take_body(self.rfile.read(length)))

    def _take_body(self, body: bytes) -> int:
        encoding = self.headers.get("Content-Encoding", "identity")
        if self.headers.get("Content-Type") != "application/x-protobuf":
            return 415
        try:
            content = UNPACK[encoding](body) if encoding in UNPACK else body
            if self.path in FORWARDED:
                self.receiver.forward(self.path, content)
            if self.path == "/v1/logs":
                self.receiver.take_logs(content)
        except (DecodeError, OSError, EOFError, zlib.error):
            return 400
        return 200 if self.path.startswith("/v1/") else 404

    def _respond(self, status: int) -> None:
        # An empty body is an empty Export*ServiceResponse: everything was taken.
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Keep the terminal for the demo."""
