"""`otel-crumbs tail`: receives OTLP on loopback, and prints each error event as the demo does."""

from __future__ import annotations

import argparse
import json
import queue
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from otel_crumbs.view.addresses import JSON
from otel_crumbs.view.body import MAX_BODY, RefusedError, unpack
from otel_crumbs.view.receiving import read_body

_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_MAX_WAITING = 1000


def run(options: argparse.Namespace) -> int:
    """Print events until the user has seen enough, or as many as were asked for."""
    waiting: queue.Queue[Mapping[str, Any]] = queue.Queue(_MAX_WAITING)
    try:
        server = Server(options.port, waiting)
    except OSError as error:
        sys.stderr.write(
            f"otel-crumbs: port {options.port} cannot be had: {error}. Remedy: end what listens there, such as "
            "otel-crumbs view, or give another one by --port and in OTEL_EXPORTER_OTLP_ENDPOINT\n"
        )
        return 2
    with server:
        threading.Thread(target=server.serve_forever, name="OTLP receiver", daemon=True).start()
        sys.stderr.write(f"listening at http://127.0.0.1:{server.server_port} for OTLP over HTTP; Ctrl-C ends it\n")
        printed = 0
        while options.count is None or printed < options.count:
            # Of a wait without an end Windows takes no Ctrl-C.
            try:
                document = waiting.get(timeout=0.5)
            except queue.Empty:
                continue
            printed += 1
            print_event(document, printed, as_json=options.json)
        server.shutdown()
    return 0


def print_event(document: Mapping[str, Any], number: int, *, as_json: bool) -> None:
    """Print one event."""
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()
        return
    from rich.console import Console  # noqa: PLC0415 - JSON needs none

    from otel_crumbs.demo.timeline import Timeline  # noqa: PLC0415 - likewise

    from .printed_event import make_event  # noqa: PLC0415 - likewise

    Console(highlight=False).print(Timeline(event=make_event(document), number=number))
    sys.stdout.flush()


class Server(ThreadingHTTPServer):
    """Takes what exporters of OpenTelemetry send, on loopback alone."""

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, port: int, waiting: queue.Queue[Mapping[str, Any]]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.waiting = waiting
        self._seen: dict[str, None] = {}
        self._lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: a client that is killed leaves its connections open."""

    def take(self, document: Mapping[str, Any]) -> None:
        """Hand an event on, once: senders send again what they got no answer for."""
        with self._lock:
            if document["event_id"] in self._seen:
                return
            self._seen[document["event_id"]] = None
            if len(self._seen) > _MAX_WAITING:
                del self._seen[next(iter(self._seen))]
        self.waiting.put(document)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Server

    def do_POST(self) -> None:
        """Take one request."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        try:
            self._take(kind)
        except RefusedError as error:
            self.close_connection = True
            self._respond(error.status, "text/plain", f"{error}\n".encode())
        else:
            # What answers an export in which everything was taken, in either encoding.
            self._respond(200, kind, b"{}" if kind == JSON else b"")

    def _take(self, kind: str) -> None:
        if self.headers.get("Host", "").rpartition(":")[0] not in _HOSTS:
            raise RefusedError(403, "this host is not known; ask 127.0.0.1")
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            raise RefusedError(411, "send a Content-Length")
        if int(length) > MAX_BODY:
            raise RefusedError(413, "the body is too large")
        content = unpack(self.rfile.read(int(length)), self.headers.get("Content-Encoding", ""))
        for document in read_body(self.path, content, kind).documents:
            self.server.take(document)

    def _respond(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""
