"""
Ask both libraries the same questions, each in a process of its own.

    python benchmarks/comparison/run.py              all of them
    python benchmarks/comparison/run.py fork sql     only these
    python benchmarks/comparison/run.py --write      and put the tables into docs/comparison.md
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from catalogue import SCENARIOS  # noqa: E402 - the folder above comes first
from libraries import LIBRARIES  # noqa: E402
from page import replaced, versions  # noqa: E402
from scenario import Outcome, Scenario  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "comparison.md"
PATIENCE = 120

Answers = Mapping[str, Outcome]


def main() -> None:
    """Ask what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENARIOS)}; all by default")
    parser.add_argument("--write", action="store_true", help="write the tables of docs/comparison.md")
    options = parser.parse_args()
    answers: dict[str, Answers] = {}
    for name in options.names or SCENARIOS:
        answers[name] = {library: ask(name, library) for library in LIBRARIES}
        print(line(SCENARIOS[name], answers[name]), flush=True)
    if options.write:
        if options.names:
            sys.exit("--write needs all scenarios: leave the names out")
        PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), "compared", tables(answers)), encoding="utf-8")


def ask(name: str, library: str) -> Outcome:
    """Run a scenario with a library."""
    arguments = [sys.executable, str(HERE / "serve.py"), name, library]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed with {library}:\n{done.stderr}")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def line(scenario: Scenario, answers: Answers) -> str:
    """Return the answers for a terminal."""
    words = "; ".join(f"{library}: {in_words(outcome)}" for library, outcome in answers.items())
    return f"{scenario.question} -- {words}"


def tables(answers: Mapping[str, Answers]) -> str:
    """Return the answers for the page, a table for each subject."""
    subjects = dict.fromkeys(SCENARIOS[name].about for name in answers)
    parts = [table(about, [name for name in answers if SCENARIOS[name].about == about], answers) for about in subjects]
    versions_asked = versions("opentelemetry-sdk", "sentry-sdk")
    return "\n\n".join([*parts, f"{versions_asked}."])


def table(about: str, names: Iterable[str], answers: Mapping[str, Answers]) -> str:
    """Return the answers of a subject."""
    lines = [f"### {about}", "", f"| | {' | '.join(LIBRARIES)} |", f"|---|{'---|' * len(LIBRARIES)}"]
    for name in names:
        cells = " | ".join(in_words(outcome) for outcome in answers[name].values())
        lines.append(f"| {SCENARIOS[name].question} | {cells} |")
    return "\n".join(lines)


def in_words(outcome: Outcome) -> str:
    """Return an outcome as it stands in a table."""
    verdict = {True: "yes", False: "**no**", None: ""}[outcome.good]
    return ": ".join(filter(None, [verdict, outcome.words])) or "-"


if __name__ == "__main__":
    main()
