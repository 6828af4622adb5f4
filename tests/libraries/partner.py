"""An HTTP server on loopback that answers as it is asked to."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

from tests.loopback import LoopbackServer

# How often what is busy is answered so.
BUSY_TIMES = 2


class Partner(LoopbackServer):
    """
    Answers `/404/item` with 404, `/moved` with the way to `/200`, `/slow` later than anybody waits.

    `/busy/item` is answered with 503 the first two times.
    """

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.asked: Counter[str] = Counter()

    @property
    def tls_url(self) -> str:
        """Where it listens, as somebody believes who expects TLS."""
        return f"https://127.0.0.1:{self.port}"

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    # Nagle's algorithm would make each answer wait for 40 ms.
    wbufsize = -1

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/slow":
            time.sleep(1)
        self.send_response({"/moved": 302, "/slow": 200}.get(path) or self._find_status(path))
        if path == "/moved":
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        with suppress(OSError):
            self.end_headers()

    def _find_status(self, path: str) -> int:
        if not path.startswith("/busy/"):
            return int(path.split("/")[1])
        asked: Counter[str] = self.server.asked  # type: ignore[attr-defined]  # a partner has it
        asked[path] += 1
        return 503 if asked[path] <= BUSY_TIMES else 200

    do_POST = do_GET  # noqa: N815 - the base class asks for it by that name

    def log_message(self, *_: object) -> None:
        """Say nothing."""
