"""
Thousands of errors in a row, with receivers and ends of all kinds: what arrives, what is kept, what is lost.

    python benchmarks/comparison/burst.py                          3,000 errors, twelve cases, two libraries
    python benchmarks/comparison/burst.py --count 30000            ten times as many, which has a table of its own
    python benchmarks/comparison/burst.py --library otel_crumbs    one library
    python benchmarks/comparison/burst.py --only hanging:SIGTERM   one case
    python benchmarks/comparison/burst.py --write                  and put the rows into the table of docs/comparison.md

Each error has a message of its own, and all share the trail of the job. After
each run the program is started once more, with a receiver that is well.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from delivery import Program  # noqa: E402 - the folder above comes first
from libraries import LIBRARIES  # noqa: E402
from page import versions, write_table  # noqa: E402
from receiver import Receiver  # noqa: E402

from otel_crumbs.export.spool.spool_file import count_events  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "comparison.md"
RECEIVERS = {"up": 0.0, "slow": 0.05, "hanging": 3600.0, "down": 0.0}
WAYS = ("end", "SIGTERM", "os._exit")
PATTERN = rb"<error \d+>"
# A busy machine takes its time.
LONGEST = 900.0
# What nobody sends for so long does not come.
QUIET = 6.0
LONGEST_SILENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """
    What became of the errors of a burst.

    Args:
        arrived: How many arrived in the first run.
        kept: How many were on disk after it.
        later: How many arrived in the end.
        twice: How many arrived more than once.
        seconds: How long the program took to report them.

    """

    arrived: int
    kept: int
    later: int
    twice: int
    seconds: float

    def describe(self, count: int) -> str:
        """Return a cell of the table."""
        lost = count - self.later
        verdict = "none lost" if lost == 0 else f"**{lost:,} lost**"
        twice = f", {self.twice:,} more than once" if self.twice else ""
        return f"{verdict}: {self.arrived:,} + {self.kept:,}{twice}; {self.seconds:.1f} s"


def main() -> None:
    """Count what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000, help="how many errors")
    parser.add_argument("--only", nargs="*", default=[], metavar="RECEIVER:END", help="some cases, as hanging:SIGTERM")
    parser.add_argument("--library", nargs="*", default=[*LIBRARIES], choices=[*LIBRARIES], help="some libraries")
    parser.add_argument("--write", action="store_true", help="write the table of docs/comparison.md")
    options = parser.parse_args()
    cases = [(receiver, way) for receiver in RECEIVERS for way in WAYS]
    wanted = [case for case in cases if not options.only or ":".join(case) in options.only]
    libraries = options.library
    head = [f"| receiver | end | {' | '.join(libraries)} |", f"|---|---|{'---|' * len(libraries)}"]
    lines = []
    for receiver, way in wanted:
        cells = [measure(name, receiver, way, options.count).describe(options.count) for name in libraries]
        lines.append(f"| {receiver} | {way} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    if options.write:
        table = f"bursts of {options.count}"
        facts = f"{options.count:,} errors; {versions('opentelemetry-sdk', 'sentry-sdk')}"
        write_table(PAGE, table, [*head, *merge_rows(PAGE.read_text(encoding="utf-8"), table, lines)], facts)


def measure(name: str, kind: str, way: str, count: int) -> Count:
    """Run the program once with such a receiver, and once with one that is well."""
    os.environ.update(BURST=str(count), WAY=way, OTEL_CRUMBS_RATE_LIMIT="0")
    with tempfile.TemporaryDirectory() as home, Receiver() as receiver:
        program = Program(LIBRARIES[name](), home)
        receiver.delay = RECEIVERS[kind]
        if kind == "down":
            receiver.close()
        with program.run("burst", receiver) as running:
            seconds = float(running.stdout.readline()) if running.stdout is not None else 0.0
            if way == "SIGTERM":
                running.send_signal(signal.SIGTERM)
            running.wait(LONGEST)
        arrived = sum(map(bool, receiver.count_each(PATTERN).values()))
        kept = sum(count_events(path.name) for path in Path(home).glob("otel-crumbs/spool/*/*/*.event"))
        receiver.close()
        receiver.delay = 0.0
        receiver.open()
        with program.run("idle", receiver):
            wait_until_quiet(receiver, arrived + kept)
        counts = receiver.count_each(PATTERN)
    twice = sum(times > 1 for times in counts.values())
    return Count(arrived=arrived, kept=kept, later=len(counts), twice=twice, seconds=seconds)


def wait_until_quiet(receiver: Receiver, expected: int) -> None:
    """Wait until nothing more arrives, for longer where so many are expected and did not come yet."""
    seen, began = -1, time.monotonic()
    while (now := receiver.count_each(PATTERN).total()) != seen or (
        now < expected and time.monotonic() - began < LONGEST_SILENCE
    ):
        seen = now
        time.sleep(QUIET)


def merge_rows(page: str, table: str, rows: Sequence[str]) -> list[str]:
    """Return the rows of a table of the page, of which those of the same case are new, in the order of the cases."""
    before = page.partition(f"<!-- {table} -->")[2].partition(f"<!-- end of {table} -->")[0]
    known = {tuple(row.split("|")[1:3]): row for row in [*before.splitlines(), *rows] if row.startswith("| ")}
    cases = [(f" {receiver} ", f" {way} ") for receiver in RECEIVERS for way in WAYS]
    return [known[case] for case in cases if case in known]


if __name__ == "__main__":
    main()
