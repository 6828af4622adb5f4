"""
A receiver comes back to 200 processes that all have events on disk, and takes 100 requests a second.

    python benchmarks/comeback.py            some minutes
    python benchmarks/comeback.py --write    and put the table into docs/benchmarks.md

The processes are forked from one that has installed the package, and capture their events while nobody listens. Then
the receiver is there. A request beyond those that it can take gets a 503; if in one second there are three times as
many as it can take, it goes down again, for ten seconds.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from page import versions, write_table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PROCESSES, EVENTS = 200, 20
RATE, TOO_MANY, SECONDS_OF_OUTAGE = 100, 300, 10.0
LONGEST = 600.0


class Receiver:
    """Takes so many requests a second, answers 503 to some more, and breaks down under far too many."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.refused = 0
        self.outages = 0
        self.seconds: Counter[int] = Counter()
        self._down_until = 0.0
        self._lock = threading.Lock()

    def answer(self, body: bytes) -> int:
        """Return the status for a request."""
        now = time.monotonic()
        with self._lock:
            self.seconds[int(now)] += 1
            if now < self._down_until:
                return 503
            if self.seconds[int(now)] > TOO_MANY:
                self.outages += 1
                self._down_until = now + SECONDS_OF_OUTAGE
                return 503
            if self.seconds[int(now)] > RATE:
                self.refused += 1
                return 503
            self.arrived[json.loads(body)["event_id"]] += 1
            return 200


def serve(receiver: Receiver, server: ThreadingHTTPServer) -> None:
    """Take requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.answer(gzip.decompress(body)))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server.RequestHandlerClass = Handler
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()


def fail_and_wait(number: int) -> None:
    """Capture events in a child, and wait until they have all arrived."""
    import otel_crumbs  # after the fork nothing else is imported

    for event in range(EVENTS):
        otel_crumbs.capture_exception(ValueError(f"process {number} event {event}"))
    deadline = time.monotonic() + LONGEST
    installation = otel_crumbs.install()
    while installation.delivery.pending and time.monotonic() < deadline:
        time.sleep(0.25)
    os._exit(0)


def measure() -> dict[str, float]:
    """Run all processes beside one receiver, and count."""
    import otel_crumbs  # the environment says where to

    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler, bind_and_activate=False)
    server.request_queue_size = PROCESSES
    server.server_bind()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(OTEL_CRUMBS_SPOOL_DIR=home, OTEL_CRUMBS_EXPORTER="http", OTEL_CRUMBS_RATE_LIMIT="0")
        os.environ["OTEL_CRUMBS_HTTP_ENDPOINT"] = f"http://127.0.0.1:{server.server_address[1]}/"
        otel_crumbs.install()
        children = []
        for number in range(PROCESSES):
            if (child := os.fork()) == 0:
                fail_and_wait(number)
            children.append(child)
        time.sleep(20)
        receiver = Receiver()
        server.server_activate()
        serve(receiver, server)
        began = time.monotonic()
        for child in children:
            os.waitpid(child, 0)
        seconds = time.monotonic() - began
        left = len([*Path(home).rglob("*.event")])
    return {
        "lost": PROCESSES * EVENTS - len(receiver.arrived) - left,
        "left": left,
        "twice": sum(times > 1 for times in receiver.arrived.values()),
        "seconds": seconds,
        "most": max(receiver.seconds.values()),
        "refused": receiver.refused,
        "outages": receiver.outages,
    }


def main() -> None:
    """Measure, and show it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    options = parser.parse_args()
    logging.getLogger("otel_crumbs").setLevel(logging.CRITICAL)
    found = measure()
    shortest = PROCESSES * EVENTS / RATE
    fates = ", ".join(f"{found[name]:.0f}" for name in ("lost", "left", "twice"))
    lines = [
        f"| {PROCESSES} processes of {EVENTS} events each, a receiver of {RATE} requests a second | |",
        "|---|---|",
        f"| events that are lost, on disk at the end, sent twice | {fates} |",
        f"| times that it broke down again | {found['outages']:.0f} |",
        f"| most requests in one second | {found['most']:.0f} |",
        f"| requests that it had to refuse | {found['refused']:.0f} |",
        f"| seconds until all was taken, which needs {shortest:.0f} at least | {found['seconds']:.0f} |",
    ]
    print("\n".join(lines))
    if options.write:
        write_table(PAGE, "comeback", lines, versions("opentelemetry-sdk"))
    sys.exit(bool(found["lost"]))


if __name__ == "__main__":
    main()
