"""
The budgets of the hot paths on other interpreters: the table of this page is of one, and they differ.

    python benchmarks/pythons.py PYTHON...           some minutes for each
    python benchmarks/pythons.py PYTHON... --write   and put the table into docs/benchmarks.md

Each PYTHON is an interpreter with this package and its benchmarks installed (`pip install -e . --group benchmarks`).
Debian's `/usr/bin/python3` was built with profile-guided optimisation, those of pyenv were not.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from page import write_table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
MEASURED = ("spans", "record", "log_lines", "capture")
PROGRAM = """
import json, platform, sys
sys.path.insert(0, "benchmarks")
from budgets import MEASUREMENTS
from contest import Effort
effort = Effort(heats=int(sys.argv[1]), rounds=15)
rows = [(row.what, row.budget, row.spread.median) for name in sys.argv[2:] for row in MEASUREMENTS[name](effort).rows]
name = platform.python_version() + (" of the system" if sys.base_prefix == "/usr" else "")
print(json.dumps({"name": name, "rows": rows}))
"""


def main() -> None:
    """Measure on each interpreter, and show it side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="+", metavar="PYTHON", help="an interpreter, by its path")
    parser.add_argument("--heats", type=int, default=3, help="how many fresh sets of processes")
    parser.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    options = parser.parse_args()
    found = [measure(python, options.heats) for python in options.pythons]
    names = [one["name"] for one in found]
    lines = [f"| | budget | {' | '.join(names)} |", "|---|---|" + "---|" * len(names)]
    for place, (what, budget, _) in enumerate(found[0]["rows"]):
        shown = " | ".join(f"{one['rows'][place][2]:.3f} x" for one in found)
        lines.append(f"| {what} | {'' if budget is None else f'{budget:g} x'} | {shown} |")
    print("\n".join(lines))
    if options.write:
        write_table(PAGE, "pythons", lines, f"Medians of {options.heats} heats of 15 rounds")


def measure(python: str, heats: int) -> dict[str, Any]:
    """Return the name of an interpreter, and its rows: what, budget, ratio."""
    command = [python, "-c", PROGRAM, str(heats), *MEASURED]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=PAGE.parents[1], text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{python}: measured", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
