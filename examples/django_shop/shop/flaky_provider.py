"""
A payment provider that is up, mostly.

Small amounts are charged after a moment. Larger ones need a fraud check, and the fraud
check is overloaded today: the answer to those is 503.
"""

from __future__ import annotations

import json
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

FRAUD_CHECK_FROM = 50
THINKING_TIME = 0.2


class Provider(BaseHTTPRequestHandler):
    """Answer `POST /charges`."""

    def do_POST(self) -> None:
        """Charge a small amount, and fail to charge a larger one."""
        length = int(self.headers.get("Content-Length", 0))
        amount = json.loads(self.rfile.read(length))["amount"]
        time.sleep(THINKING_TIME)
        if amount >= FRAUD_CHECK_FROM:
            self.answer(503, {"error": "fraud check is overloaded"})
        else:
            self.answer(201, {"receipt": f"R-{uuid4().hex[:6]}"})

    def answer(self, status: int, content: dict[str, str]) -> None:
        """Send JSON."""
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet: this is the provider's business, not the shop's."""


@cache
def url() -> str:
    """Start the provider on a free port, once, and return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="payment provider", daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
