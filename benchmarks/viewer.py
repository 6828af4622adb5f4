"""
What the viewer takes: events with 100 breadcrumbs by their trails, and its list over 100,000 events.

    python benchmarks/viewer.py

Needs the extra `view`. The budgets are a core-minute for 1,000 events over HTTP, 100 ms for the list on the server, and
150 MiB of memory; the figures are of one run, on this machine.
"""

from __future__ import annotations

import dataclasses
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import ExceptionInfo
from otel_crumbs.export.otlp.wire import request_of
from otel_crumbs.view.filters import Filters
from otel_crumbs.view.queries import count_errors, find_period, list_groups
from otel_crumbs.view.store import Store

EVENTS, BREADCRUMBS, LISTED = 1_000, 100, 100_000
GROUPS, SERVICES = 300, 3
ROUNDS = 5
STACKTRACE = 'Traceback (most recent call last):\n  File "/srv/shop/x.py", line 3, in f\n    g()\nValueError: boom\n'


def make_event(number: int, breadcrumbs: int) -> ErrorEvent:
    """Return one event of one of some failures."""
    now = time.time_ns() - number * 1_000_000_000
    trail = tuple(
        Breadcrumb(
            timestamp=now - (breadcrumbs - each) * 1_000_000,
            type="query",
            category="query",
            message=f"UPDATE orders {each}",
            data={"db.system": "postgresql", "rows": each, "db.namespace": "shop"},
            duration_ms=1.5,
        )
        for each in range(breadcrumbs)
    )
    return ErrorEvent(
        event_id=f"{number:032x}",
        timestamp=now,
        handled=False,
        mechanism="operation",
        exceptions=(ExceptionInfo(type="ValueError", message=f"boom {number}"),),
        stacktrace=STACKTRACE,
        operation="GET /orders/{id}",
        trace_id=number + 1,
        span_id=1,
        breadcrumbs=trail,
        resource={"service.name": f"shop-{number % SERVICES}"},
        fingerprint=f"{number % GROUPS:032x}",
    )


def measure_receiving(folder: Path) -> tuple[float, float]:
    """Return the core-seconds and the MiB of a viewer that receives the events over HTTP."""
    command = [sys.executable, __file__, "--serve", str(folder / "receiving.sqlite3")]
    bodies = [request_of(make_event(number, BREADCRUMBS)).SerializeToString() for number in range(EVENTS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise SystemExit("the viewer has no pipes")
        connection = HTTPConnection("127.0.0.1", int(process.stdout.readline()), timeout=60)
        for body in bodies:
            connection.request("POST", "/v1/logs", body, {"Content-Type": "application/x-protobuf"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:  # noqa: PLR2004 - it was not taken
                raise SystemExit(f"the viewer answered {response.status}")
        connection.request("GET", f"/errors/{0:032x}")
        connection.getresponse().read()
        connection.close()
        process.stdin.close()
        seconds, mebibytes = process.stdout.readline().split()
    return float(seconds), float(mebibytes)


def serve(file: Path) -> None:
    """Serve a store until standard input ends, then print core-seconds and MiB."""
    from otel_crumbs.view.serving import LOOPBACK, Address, open_socket, serve_store

    listener = open_socket(LOOPBACK, 0)
    address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=None)
    begin = time.process_time()
    with Store(file) as store, serve_store(store, address, listener, print):
        print(address.port, flush=True)
        sys.stdin.read()
        seconds = time.process_time() - begin
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def fill(store: Store) -> None:
    """Put many events into a store, with short trails."""
    from otel_crumbs.view.error_document import make_document
    from otel_crumbs.view.received_event import read_logs

    [received] = read_logs(request_of(make_event(0, 3)))
    document = make_document(received)
    from otel_crumbs.trails import format_rfc3339

    now = time.time_ns()
    for start in range(0, LISTED, 1000):
        store.add(
            [
                document
                | {
                    "event_id": f"{number:032x}",
                    "timestamp": format_rfc3339(now - number * 20_000_000_000),
                    "fingerprint": f"{number % GROUPS:032x}",
                    "resource": {"service.name": f"shop-{number % SERVICES}"},
                }
                for number in range(start, start + 1000)
            ]
        )


def best_of(call: Callable[[], object]) -> float:
    """Return the milliseconds of the best of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1000)
    return min(times)


def measure_list(folder: Path) -> dict[str, float]:
    """Return the milliseconds of the list's questions, by filter."""
    with Store(folder / "list.sqlite3", max_bytes=2**40, max_age=10**9) as store:
        fill(store)
        everything = Filters()
        asked = {
            "all": everything,
            "one service": dataclasses.replace(everything, service="shop-1"),
            "last 24 hours": dataclasses.replace(everything, since=find_period(24)),
            "a word that all have": dataclasses.replace(everything, text="boom"),
        }
        found = {}
        for name, filters in asked.items():
            found[name] = best_of(lambda filters=filters: (list_groups(store, filters), count_errors(store, filters)))  # type: ignore[misc]
    return found


def main() -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory(prefix="otel-crumbs-viewer-") as name:
        seconds, mebibytes = measure_receiving(Path(name))
        print(
            f"{EVENTS} events with {BREADCRUMBS} breadcrumbs: {seconds:.1f} core-seconds, {mebibytes:.0f} MiB at most"
        )
        for filters, milliseconds in measure_list(Path(name)).items():
            print(f"list over {LISTED} events, {filters}: {milliseconds:.0f} ms")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]))
    else:
        main()
