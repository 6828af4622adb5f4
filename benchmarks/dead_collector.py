"""
What a dead collector costs the requests of an application: p99 of a small WSGI application, as a ratio.

    python benchmarks/dead_collector.py            a minute or two
    python benchmarks/dead_collector.py --rounds 20

Three copies of one application run at the same time: its collector is alive,
refuses connections, or takes them and never answers. One request in ten fails
and is captured with its trail. They are asked in turns, block by block, so
that the machine's moods meet all of them; the budget is 1.05.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

from taking import receiving

BLOCK = 100
ONE_IN = 10
BUDGET = 1.05
SIDES = ("alive", "refusing", "silent")


def application(environ: dict[str, str], start_response: object) -> list[bytes]:
    """Answer a page after some work; fail now and then."""
    import otel_crumbs  # the sides have it, the one who asks has not

    with otel_crumbs.operation("page"):
        for number in range(20):
            otel_crumbs.record(f"step {number}", data={"number": number})
        sum(number * number for number in range(20_000))
        try:
            _fail(environ["PATH_INFO"])
        except LookupError as error:
            otel_crumbs.capture_exception(error)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])  # type: ignore[operator]
    return [b"ok"]


def _fail(path: str) -> None:
    if path == "/fail":
        raise LookupError("it failed")


def serve() -> None:
    """Run one copy of the application, and say where."""
    import otel_crumbs

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    otel_crumbs.install(exporter="otlp", rate_limit=0)
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


@contextmanager
def endpoints() -> Iterator[dict[str, str]]:
    """Yield a collector's address for each side."""
    with (
        receiving() as alive,
        socket.create_server(("127.0.0.1", 0), backlog=128) as silent,
        socket.create_server(("127.0.0.1", 0)) as gone,
    ):
        ports = {"alive": alive, "silent": silent.getsockname()[1], "refusing": gone.getsockname()[1]}
        gone.close()
        yield {side: f"http://127.0.0.1:{port}" for side, port in ports.items()}


@contextmanager
def running(endpoint: str, home: str) -> Iterator[int]:
    """Run one copy of the application, and yield its port."""
    environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "XDG_STATE_HOME": home}
    with subprocess.Popen([sys.executable, __file__, "--serve"], env=environ, stdout=subprocess.PIPE) as process:
        assert process.stdout  # noqa: S101 - for the type checker
        yield int(process.stdout.readline())
        process.kill()


def ask(port: int, path: str) -> float:
    """Return how many seconds a request takes."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()
    return time.perf_counter() - began


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the times of every side, block by block in turns."""
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    with ExitStack() as stack:
        where = stack.enter_context(endpoints())
        home = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        ports = {side: stack.enter_context(running(where[side], f"{home}/{side}")) for side in SIDES}
        for port in ports.values():
            [ask(port, "/fail") for _ in range(20)]
        for _ in range(rounds):
            for side in random.sample(SIDES, len(SIDES)):
                times[side] += [ask(ports[side], "/fail" if number % ONE_IN == 0 else "/") for number in range(BLOCK)]
    return times


def p99(times: list[float]) -> float:
    """Return the time that one in a hundred exceeds."""
    return statistics.quantiles(times, n=100)[98]


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=60)
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        serve()
        return
    times = measure(chosen.rounds)
    alive = p99(times["alive"])
    print(f"alive: p99 {alive * 1000:.2f} ms, median {statistics.median(times['alive']) * 1000:.2f} ms")
    for side in SIDES[1:]:
        ratio = p99(times[side]) / alive
        median = statistics.median(times[side]) / statistics.median(times["alive"])
        print(f"{side}: p99 {ratio:.3f} x, median {median:.3f} x of that with a live one (budget {BUDGET})")


if __name__ == "__main__":
    main()
