"""
What the recorder costs: a breadcrumb, a request, a file, and a start beside what thousands of dead processes left.

    python benchmarks/recorder.py            some minutes, and 5 GB of the disk for that time
    python benchmarks/recorder.py --write    and put the table into docs/benchmarks.md

A start is a process of its own that installs otel_crumbs; of each round, one beside 10,000 recordings is compared
with one beside none, or where it reports a death with one beside a single recording. Times are processor time, so that
other work on the machine disturbs little.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from contest import Contest, Effort, Results
from page import versions, write_table
from taking import receiving

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
RECORDINGS, ROUNDS, BREADCRUMBS = 10_000, 5, 100
# By the service whose recordings they are: a start reports its own, and leaves those of others.
SERVICES = {"of its own service": "benchmark", "of another service": "other"}
MICROSECOND, REQUEST, START, FILE = 1.0, 1.05, 100.0, 256.0


def main() -> None:
    """Measure, and show it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    parser.add_argument("side", nargs="*", help="used by itself")
    options = parser.parse_args()
    if options.side:
        SIDES[options.side[0]](*options.side[1:])
        return
    lines = ["| | without | with it | more | budget | met |", "|---|---|---|---|---|---|"]
    for line in chain(measure_writing(), measure_file(), measure_starts()):
        lines.append(line)
        print(line, flush=True)
    if options.write:
        facts = f"Medians of {ROUNDS} rounds; {RECORDINGS:,} recordings of {BREADCRUMBS} breadcrumbs each."
        write_table(PAGE, "recorder", lines, f"{facts} {versions('opentelemetry-sdk')}")


def make_row(what: str, cells: tuple[str, str, str], budget: str, *, met: bool) -> str:
    """Return a line of the table."""
    return f"| {what} | {' | '.join(cells)} | {budget} | {'yes' if met else '**no**'} |"


def measure_writing() -> Iterator[str]:
    """Measure what is paid for each breadcrumb, and for a request."""
    names = ("record()", "logger.info()", "request")
    sides = tuple((each,) for name in names for each in (name, f"{name}, recorded"))
    results = Contest(module="sides.recorder", processes=sides).run(Effort(heats=3, rounds=15))
    for name in names[:2]:
        without, with_it, more = _compare(results, name, lambda with_it, without: with_it - without)
        cells = (f"{without * 1e6:.2f} µs", f"{with_it * 1e6:.2f} µs", f"{more * 1e6:.2f} µs")
        yield make_row(f"a breadcrumb of `{name}`", cells, f"{MICROSECOND:g} µs", met=more * 1e6 <= MICROSECOND)
    without, with_it, more = _compare(results, "request", lambda with_it, without: with_it / without)
    cells = (f"{without * 1e6:.0f} µs", f"{with_it * 1e6:.0f} µs", f"{more:.2f} x")
    yield make_row("a request of 8 spans", cells, f"{REQUEST:g} x", met=more <= REQUEST)


def _compare(results: Results, name: str, what: Callable[[float, float], float]) -> tuple[float, float, float]:
    recorded = f"{name}, recorded"
    more = results.spread(lambda times: what(times[recorded], times[name])).median
    return results.median(name), results.median(recorded), more


def measure_file() -> Iterator[str]:
    """Measure what a recording takes of the disk and of memory when it is full."""
    with tempfile.TemporaryDirectory() as home:
        found = run("file", home, "http://127.0.0.1:9")
    for what in ("disk", "memory"):
        cells = ("0", f"{found[what]:.0f} KiB", f"{found[what]:.0f} KiB")
        yield make_row(f"{what} of a recording that is full", cells, f"{FILE:.0f} KiB", met=found[what] <= FILE)


def measure_starts() -> Iterator[str]:
    """Measure starts beside so many recordings, and beside few."""
    for whose, service in SERVICES.items():
        with ExitStack() as stack:
            port = stack.enter_context(receiving())
            few, many = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
            rounds = [(start(few, port, service, 0), start(many, port, service, RECORDINGS)) for _ in range(ROUNDS)]
        words = {
            "install": "`install()`, in the thread that calls it",
            "second": "the first second of the process, all threads",
            "ends": "a program that ends at once, from beginning to end",
        }
        if service == SERVICES["of its own service"]:
            words["reports"] = "one that reports a death, against one beside a single recording"
        for key, what in words.items():
            without, with_it = (statistics.median(each[side][key] for each in rounds) for side in (0, 1))
            more = statistics.median(each[1][key] - each[0][key] for each in rounds)
            cells = (f"{without:.0f} ms", f"{with_it:.0f} ms", f"{more:.0f} ms")
            label = f"{what}, beside {RECORDINGS:,} recordings {whose}"
            yield make_row(label, cells, f"{START:.0f} ms", met=more <= START)


def start(folder: Path, port: int, service: str, recordings: int) -> dict[str, float]:
    """Start a program that reports a death, one that goes on, and one that ends; return their milliseconds."""
    from otel_crumbs.recorder import layout

    endpoint = f"http://127.0.0.1:{port}"
    (folder / layout.BACKLOG).unlink(missing_ok=True)
    fill(folder, service, max(recordings, 1))
    reports = measure_end(folder, endpoint)
    if not recordings:
        for path in folder.iterdir():
            path.unlink()
    return {**run("start", str(folder), endpoint), "reports": reports, "ends": measure_end(folder, endpoint)}


def measure_end(folder: Path, endpoint: str) -> float:
    """Run a program that ends at once, and return its milliseconds."""
    before = _sum_children()
    run("end", str(folder), endpoint)
    return (_sum_children() - before) * 1000


def _sum_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def run(side: str, folder: str, endpoint: str) -> dict[str, float]:
    """Run one side in a process of its own."""
    variables = {
        "OTEL_SERVICE_NAME": "benchmark",
        "OTEL_CRUMBS_RECORDER": folder,
        "OTEL_CRUMBS_SPOOL_DIR": "off",
        "OTEL_CRUMBS_RATE_LIMIT": "0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
    }
    command = [sys.executable, __file__, side, folder]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def fill(folder: Path, service: str, most: int) -> None:
    """Make recordings of processes that died in the middle of their work, until there are so many."""
    from otel_crumbs.export.spool.private_folder import PrivateFolder
    from otel_crumbs.recorder import layout
    from otel_crumbs.recorder.recording import Recording

    for _ in range(most - sum(1 for _ in folder.iterdir())):
        recording = Recording(PrivateFolder(folder))
        recording.describe({"service": service, "resource": {"service.name": service}})
        work = layout.PART.join(["GET /orders", f"{7:032x}", ""])
        recording.write(1_000, layout.OPERATION, 1, 3, 9, 0, work, layout.OPERATIONS_AT)
        for number in range(BREADCRUMBS):
            words = layout.PART.join(["shop", "", "default", f"step {number}"])
            recording.write(2_000 + number, layout.NOTE, 1, 3, 0, 0, words)
        recording.close()


def show_start(_: str) -> None:
    """Install, be there for a second, and tell what both took."""
    import otel_crumbs

    process, thread = time.process_time(), time.thread_time()
    otel_crumbs.install()
    installed = (time.thread_time() - thread) * 1000
    time.sleep(1)
    print(json.dumps({"install": installed, "second": (time.process_time() - process) * 1000}), flush=True)


def show_end(_: str) -> None:
    """Install, and end."""
    import otel_crumbs

    otel_crumbs.install()
    print("{}")


def show_file(folder: str) -> None:
    """Fill a recording, and tell how large it is, in KiB."""
    import otel_crumbs
    from otel_crumbs.recorder import layout

    otel_crumbs.install()
    for number in range(2 * layout.SLOT_COUNT):
        otel_crumbs.record(f"step {number}", data={"words": "x" * 400})
    [file] = Path(folder).glob(f"*{layout.SUFFIX}")
    mapping = re.search(
        rf"{re.escape(str(file))}\n.*?^Rss: +(\d+) kB", Path("/proc/self/smaps").read_text(), re.MULTILINE | re.DOTALL
    )
    memory = int(mapping[1]) if mapping is not None else 0
    print(json.dumps({"disk": file.stat().st_blocks / 2, "memory": memory}))


SIDES: dict[str, Callable[[str], None]] = {"start": show_start, "end": show_end, "file": show_file}


if __name__ == "__main__":
    main()
