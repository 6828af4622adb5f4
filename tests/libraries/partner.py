"""An HTTP server on loopback that answers as it is asked to."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class Partner(ThreadingHTTPServer):
    """Answers `/404/item` with 404, `/moved` with the way to `/200`, `/slow` later than anybody waits."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def tls_url(self) -> str:
        """Where it listens, as somebody believes who expects TLS."""
        return f"https://127.0.0.1:{self.server_address[1]}"

    @property
    def nobody(self) -> str:
        """An address where nobody listens."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            return f"http://127.0.0.1:{listening.getsockname()[1]}"

    def __enter__(self) -> Partner:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    # Nagle's algorithm would make each answer wait for 40 ms.
    wbufsize = -1

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/slow":
            time.sleep(1)
        self.send_response({"/moved": 302, "/slow": 200}.get(path) or int(path.split("/")[1]))
        if path == "/moved":
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        with suppress(OSError):
            self.end_headers()

    do_POST = do_GET  # noqa: N815 - the base class asks for it by that name

    def log_message(self, *_: object) -> None:
        """Say nothing."""
