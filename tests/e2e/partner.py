"""The HTTP service that the applications call."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

from tests.loopback import LoopbackServer


class Partner(LoopbackServer):
    """Answers every GET with 200, and those below `/broken` with 503."""

    def __init__(self) -> None:
        super().__init__(_Handler)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"left": 0}'
        self.send_response(503 if self.path.startswith("/broken") else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the test's output is about the application."""
