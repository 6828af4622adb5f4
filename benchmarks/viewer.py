"""
What the viewer takes: to its first page, for events with 100 breadcrumbs by their trails, for a list of 100,000.

    python benchmarks/viewer.py            some minutes
    python benchmarks/viewer.py --write    and put the tables into docs/viewer.md

Needs the extra `view`. The budgets are half a second from the command to the first page, a core-minute for 1,000 events
over HTTP, 100 ms for the list on the server, and 150 MiB of memory. Times are the processor's, as others use the
machine too, but for the start's, which is the clock's; of a page's, asking over HTTP is a part.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from page import versions, write_table

if TYPE_CHECKING:
    from otel_crumbs import ErrorEvent

PAGE = Path(__file__).parents[1] / "docs" / "viewer.md"
EVENTS, BREADCRUMBS, LISTED = 1_000, 100, 100_000
GROUPS, SERVICES = 300, 3
AT_ONCE, ROUNDS = 1000, 5
SECONDS_BETWEEN = 20
MECHANISMS = ("operation", "logging", "excepthook")
STACKTRACE = 'Traceback (most recent call last):\n  File "/srv/shop/x.py", line 3, in f\n    g()\nValueError: boom\n'
LISTS: dict[str, dict[str, str]] = {
    "without a filter": {},
    "the last 24 hours": {"period": "24h"},
    "the last 30 days": {"period": "30d"},
    "one service of three": {"service": "shop-1"},
    "the level that most have": {"level": "error"},
    "one mechanism of three": {"mechanism": "operation"},
    "a word that all have": {"text": "boom"},
    "two letters that many words begin with": {"text": "sh"},
    "a phrase that all have": {"text": '"update orders"'},
    "an id that one has": {"text": f"{LISTED // 2:032x}"},
    "service and level": {"service": "shop-1", "level": "error"},
    "service and 30 days": {"service": "shop-1", "period": "30d"},
    "mechanism and 7 days": {"mechanism": "operation", "period": "7d"},
    "word and service": {"text": "boom", "service": "shop-1"},
    "word and 24 hours": {"text": "boom", "period": "24h"},
}


def main() -> None:
    """Measure, and show it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the tables of docs/viewer.md")
    parser.add_argument("side", nargs="*", help="used by itself")
    options = parser.parse_args()
    if options.side:
        name, file = options.side
        SIDES[name](Path(file))
        return
    with tempfile.TemporaryDirectory(prefix="otel-crumbs-viewer-") as folder:
        received = measure_receiving(Path(folder, "received.sqlite3"))
        listed = run("list", Path(folder, "listed.sqlite3"))
    lines = show(measure_start(), received, listed)
    print("\n".join(lines))
    if options.write:
        write_table(PAGE, "costs", lines, versions("starlette", "uvicorn"))


def show(start: float, received: dict[str, float], listed: dict[str, Any]) -> list[str]:
    """Return the tables."""
    return [
        "| | | budget |",
        "|---|---|---|",
        f"| from the command to its first page | {start:.0f} ms | 500 |",
        f"| {EVENTS:,} events of {BREADCRUMBS} breadcrumbs, over HTTP | {received['seconds']:.1f} core-seconds | 60 |",
        f"| events in a core-minute | {60 * EVENTS / received['seconds']:,.0f} | {EVENTS:,} |",
        f"| memory at the most, receiving them | {received['mebibytes']:.0f} MiB | 150 |",
        f"| memory at the most, listing {LISTED:,} | {listed['mebibytes']:.0f} MiB | 150 |",
        "",
        f"| the list over {LISTED:,} events of {GROUPS} failures | ms | events that match |",
        "|---|---|---|",
        *(f"| {name} | {cost:.0f} | {matches} |" for name, (cost, matches) in listed["lists"].items()),
    ]


def run(side: str, file: Path) -> dict[str, Any]:
    """Measure one side in a process of its own."""
    done = subprocess.run([sys.executable, __file__, side, str(file)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure_start() -> float:
    """Return the milliseconds from the command to the answer with its first page, of the best of some rounds."""
    times = []
    for _ in range(ROUNDS):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        begin = time.perf_counter()
        command = [sys.executable, "-m", "otel_crumbs", "view", "--memory", "--port", str(port)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            while not (connection := connect(port)):
                time.sleep(0.002)
            ask(connection, "GET", "/")
            times.append((time.perf_counter() - begin) * 1000)
            connection.close()
            process.terminate()
    return min(times)


def connect(port: int) -> HTTPConnection | None:
    """Return a connection, None where nothing listens yet."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.connect()
    except ConnectionRefusedError:
        return None
    return connection


def measure_receiving(file: Path) -> dict[str, float]:
    """Return the core-seconds and the MiB of a viewer that receives the events over HTTP."""
    from otel_crumbs.export.otlp.wire import request_of  # the one who asks for memory has none of it

    bodies = [request_of(make_event(number)).SerializeToString() for number in range(EVENTS)]
    command = [sys.executable, __file__, "receive", str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise SystemExit("the viewer has no pipes")
        connection = HTTPConnection("127.0.0.1", int(process.stdout.readline()), timeout=60)
        for body in bodies:
            ask(connection, "POST", "/v1/logs", body)
        ask(connection, "GET", f"/errors/{0:032x}")
        connection.close()
        process.stdin.close()
        found: dict[str, float] = json.loads(process.stdout.readline())
    return found


def ask(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> str:
    """Return the answer to a request."""
    connection.request(method, path, body, {"Content-Type": "application/x-protobuf"})
    response = connection.getresponse()
    text = response.read().decode()
    if response.status != 200:  # noqa: PLR2004 - it was not taken
        raise SystemExit(f"the viewer answered {response.status} to {path}")
    return text


def make_event(number: int, breadcrumbs: int = BREADCRUMBS) -> ErrorEvent:
    """Return one event of one of some failures."""
    from otel_crumbs import Breadcrumb, ErrorEvent  # the one who asks for memory has none of it
    from otel_crumbs.event import ExceptionInfo

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


def receive(file: Path) -> None:
    """Serve a store until standard input ends, then print core-seconds and MiB."""
    from otel_crumbs.view.serving import LOOPBACK, Address, open_socket, serve_store
    from otel_crumbs.view.store import Store

    listener = open_socket(LOOPBACK, 0)
    address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=None)
    begin = time.process_time()
    with Store(file) as store, serve_store(store, address, listener, print):
        print(address.port, flush=True)
        sys.stdin.read()
        seconds = time.process_time() - begin
    print(json.dumps({"seconds": seconds, "mebibytes": measure_memory()}), flush=True)


def list_all(file: Path) -> None:
    """Fill a store, ask for its list with each filter over HTTP, and print milliseconds and MiB."""
    from otel_crumbs.view.serving import LOOPBACK, Address, open_socket, serve_store
    from otel_crumbs.view.store import Store

    listener = open_socket(LOOPBACK, 0)
    address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=None)
    with Store(file, max_bytes=2**40, max_age=10**9) as store:
        fill(store)
        with serve_store(store, address, listener, print):
            connection = HTTPConnection("127.0.0.1", address.port, timeout=60)
            found = {name: measure_list(connection, "/?" + urlencode(query)) for name, query in LISTS.items()}
            connection.close()
    print(json.dumps({"lists": found, "mebibytes": measure_memory()}), flush=True)


def fill(store: Any) -> None:
    """Put many events into a store, with short trails: some failures are much more frequent than others."""
    from otel_crumbs.export.otlp.wire import request_of
    from otel_crumbs.trails import format_rfc3339
    from otel_crumbs.view.error_document import make_document
    from otel_crumbs.view.received_event import read_logs

    [received] = read_logs(request_of(make_event(0, breadcrumbs=3)))
    document = make_document(received)
    chance = random.Random(1)  # noqa: S311 - the same events each time
    now = time.time_ns()
    for start in range(0, LISTED, AT_ONCE):
        events = []
        for number in range(start, start + AT_ONCE):
            group = int(GROUPS * chance.random() ** 3)
            events.append(
                document
                | {
                    "event_id": f"{number:032x}",
                    "timestamp": format_rfc3339(now - (LISTED - number) * SECONDS_BETWEEN * 1_000_000_000),
                    "fingerprint": f"{group:032x}",
                    "level": "fatal" if chance.random() < 0.05 else "error",  # noqa: PLR2004 - a few
                    "mechanism": MECHANISMS[group % len(MECHANISMS)],
                    "resource": {"service.name": f"shop-{number % SERVICES}"},
                }
            )
        store.add(events)


def measure_list(connection: HTTPConnection, path: str) -> tuple[float, str]:
    """Return the milliseconds of the best of some rounds, and how many events the page says that there are."""
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        text = ask(connection, "GET", path)
        times.append((time.process_time() - begin) * 1000)
    summary = text.partition('<p class="summary">')[2].partition("</p>")[0]
    return min(times), summary.partition(", ")[2] or "none"


def measure_memory() -> float:
    """Return the MiB that this process had at the most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


SIDES = {"receive": receive, "list": list_all}


if __name__ == "__main__":
    main()
