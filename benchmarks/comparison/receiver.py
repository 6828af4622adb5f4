"""A receiver of OTLP over HTTP and of Sentry's envelopes, that can be slow, unwilling or away."""

from __future__ import annotations

import gzip
import re
import threading
import time
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """
    Counts the requests that hold a given text.

    ``delay`` is how many seconds it takes for each request, ``status`` what it
    answers, ``largest`` how many bytes it takes.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.status = 200
        self.largest = 10_000_000
        self._bodies: list[bytes] = []
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    def __enter__(self) -> Receiver:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where it listens for OTLP."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def dsn(self) -> str:
        """Where it listens for envelopes."""
        return f"http://key@127.0.0.1:{self._port}/1"

    @property
    def bodies(self) -> tuple[bytes, ...]:
        """The requests that it took, decompressed."""
        return tuple(self._bodies)

    def count(self, text: str) -> int:
        """Return how many of the requests it took hold a text."""
        return sum(text.encode() in body for body in tuple(self._bodies))

    def count_each(self, pattern: bytes) -> Counter[bytes]:
        """Return how many of the requests it took hold each text of a pattern."""
        return Counter(found for body in tuple(self._bodies) for found in set(re.findall(pattern, body)))

    def open(self) -> None:
        """Listen, at the same port as before."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler())
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(receiver.delay)
                body = gzip.decompress(sent) if self.headers.get("Content-Encoding") == "gzip" else sent
                status = 413 if len(body) > receiver.largest else receiver.status
                if status < HTTPStatus.MULTIPLE_CHOICES:
                    receiver._bodies.append(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
