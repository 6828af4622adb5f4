"""
How many instructions of the processor a request of eight spans takes, over the SDK alone.

    python benchmarks/instructions.py
    python benchmarks/instructions.py --write    and put the table into docs/benchmarks.md

Time on a shared machine differs by a percent from run to run; what Valgrind's
cachegrind counts repeats to a thousandth, whatever else the machine does. It is
no verdict by itself: code that does not fit the processor's caches costs more
than its instructions say.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from page import replaced, versions

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
PAIRS = {
    "Request of 8 spans": ("otel_crumbs", "sdk"),
    "The same after `with operation()` was used once": ("otel_crumbs, after an operation", "sdk"),
    "The same inside an asyncio task": ("otel_crumbs, in a task", "sdk, in a task"),
    "The same sampled out, over spans that the SDK drops": ("otel_crumbs, unsampled", "sdk, unsampled"),
}
BUDGETS = {"Request of 8 spans": 1.035}
# The counts of a short and a long run are subtracted: what is left is the requests alone.
FEW, MANY = 200, 600


def count(side: str, requests: int) -> int:
    """Return the instructions of a process that makes so many requests."""
    program = f"from sides.spans import SIDES; SIDES[{side!r}]()({requests})"
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    environ = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [*command, sys.executable, "-c", program], check=True, capture_output=True, env=environ, text=True
    )
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if found is None:
        raise RuntimeError(f"valgrind says nothing of instructions: {done.stderr[-200:]}")
    return int(found[1].replace(",", ""))


def count_request(side: str) -> float:
    """Return the instructions of one request."""
    return (count(side, MANY) - count(side, FEW)) / (MANY - FEW)


def main() -> None:
    """Count, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    chosen = options.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed; remedy: apt-get install valgrind")
    known: dict[str, float] = {}
    table = ["| What | Instructions | Budget | Met | Beside it |", "|---|---|---|---|---|"]
    for what, (ours, alone) in PAIRS.items():
        for side in (ours, alone):
            if side not in known:
                known[side] = count_request(side)
        ratio, budget = known[ours] / known[alone], BUDGETS.get(what)
        print(f"{ratio:.4f} x  {what}  ({known[ours]:,.0f} and {known[alone]:,.0f})", flush=True)
        verdict = "" if budget is None else "yes" if ratio <= budget else "**no**"
        most = "" if budget is None else f"{budget} x"
        table.append(f"| {what} | {ratio:.3f} x | {most} | {verdict} | {known[ours]:,.0f} and {known[alone]:,.0f} |")
    if chosen.write:
        table += ["", f"Counted by Valgrind's cachegrind. {versions('opentelemetry-sdk')}."]
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), "instructions", "\n".join(table)), encoding="utf-8")


if __name__ == "__main__":
    main()
