"""
What delivery costs: events a second of one core, memory while many wait, and one more event on a full spool.

    python benchmarks/spool.py            some minutes
    python benchmarks/spool.py --write    and put the table into docs/benchmarks.md

The processor's time is that of the whole process without the code that fails, divided by events;
each row is measured in a process of its own, beside one that does the same with nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from page import versions, write_table
from taking import receiving

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
EVENTS, WAITING, MORE = 2000, 30_000, 100
FILES = (0, 200, 2000, 16_000)
BREADCRUMBS = 20
NOBODY = "http://127.0.0.1:9"


def main() -> None:
    """Measure, and show it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    parser.add_argument("side", nargs="*", help="used by itself")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(SIDES[options.side[0]](int(options.side[1]))))
        return
    with receiving() as port:
        rate = run("throughput", EVENTS, f"http://127.0.0.1:{port}")
    waiting = run("memory", WAITING, NOBODY)
    costs = {files: statistics.median(run("full", files, NOBODY) for _ in range(3)) for files in FILES}
    lines = [
        "| | |",
        "|---|---|",
        f"| events of {BREADCRUMBS} breadcrumbs, captured, built, sent: a second of one core | {rate:,.0f} |",
        f"| memory while {WAITING:,} wait | {waiting:.0f} MiB |",
        *(f"| one more event on a spool of {files:,} files | {cost:.2f} ms |" for files, cost in costs.items()),
        f"| the dearest of these over the cheapest | {max(costs.values()) / min(costs.values()):.2f} |",
    ]
    print("\n".join(lines))
    if options.write:
        write_table(PAGE, "delivery", lines, versions("opentelemetry-sdk"))


def run(side: str, number: int, endpoint: str) -> float:
    """Measure one side in a process of its own."""
    with tempfile.TemporaryDirectory() as home:
        variables = {
            "OTEL_SERVICE_NAME": "benchmark",
            "OTEL_CRUMBS_SPOOL_DIR": home,
            "OTEL_CRUMBS_RATE_LIMIT": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        }
        command = [sys.executable, __file__, side, str(number)]
        done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def fail(number: int) -> None:
    """Fail with a message of its own, and report it."""
    import otel_crumbs  # the sides have it, the one who asks has not

    otel_crumbs.record(f"row {number}", data={"row": number, "name": "somebody"})
    try:
        int(f"row {number}")
    except ValueError as error:
        otel_crumbs.capture_exception(error)


def install() -> None:
    """Install it, and leave the breadcrumbs that all errors have in common."""
    import otel_crumbs  # the sides have it, the one who asks has not

    otel_crumbs.install(max_breadcrumbs=BREADCRUMBS)
    for number in range(BREADCRUMBS):
        otel_crumbs.record(f"before {number}", data={"number": number, "name": "somebody"})


def measure_throughput(count: int) -> float:
    """Return how many events a second of one core delivers."""
    import otel_crumbs  # the sides have it, the one who asks has not

    install()
    fail(0)
    otel_crumbs.flush(60)
    began = time.process_time()
    for number in range(count):
        fail(number)
    otel_crumbs.flush(600)
    return count / (time.process_time() - began)


def measure_memory(count: int) -> float:
    """Return by how many MiB the process grows while so many events wait for a receiver that is away."""
    import otel_crumbs  # the sides have it, the one who asks has not

    install()
    fail(0)
    otel_crumbs.flush(1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(count):
        fail(number)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def measure_full(files: int) -> float:
    """Return the milliseconds of the processor that one more event takes beside so many files."""
    from otel_crumbs.export.spool.spool_file import name_folder  # the sides have it, the one who asks has not

    folder = Path(os.environ["OTEL_CRUMBS_SPOOL_DIR"], name_folder("benchmark"), name_folder("otlp"))
    folder.mkdir(parents=True, mode=0o700)
    now = time.time_ns()
    for number in range(files):
        (folder / f"1-{now + number:020d}-{number:032x}.event").write_bytes(b"{}" * 1000)
    install()
    fail(0)
    time.sleep(3)
    began = time.process_time()
    for number in range(MORE):
        fail(number)
        time.sleep(0.02)
    time.sleep(1)
    return (time.process_time() - began) / MORE * 1000


SIDES = {"throughput": measure_throughput, "memory": measure_memory, "full": measure_full}


if __name__ == "__main__":
    main()
