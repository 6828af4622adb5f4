"""How tests went, in a form that can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What is another one in each run.
VARIABLE = (
    (re.compile(r"0x[0-9a-fA-F]{4,}"), "0x..."),
    (re.compile(r"\d+\.\d{3,}"), "#.#"),
    # Process and port numbers, times in seconds.
    (re.compile(r"(?<!line )\b\d{4,}\b"), "#"),
    (re.compile(r"tmp[a-z0-9_]{8}\b"), "tmp..."),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How a test went.

    Args:
        kind: One word, or more: "passed", "failed", "hangs".
        message: The traceback, or why it was skipped.

    """

    kind: str
    message: str = ""


# Letters of a message in a list.
LINE = 200
NOT_RUN = Outcome("not run")
# As the authors of a test want it.
FINE = frozenset({"passed", "skipped", "expected to fail", "expected to fail: skipped", "unchanged"})


def read_outcomes(record: Path, end: Outcome, folders: Mapping[str, str]) -> dict[str, Outcome]:
    """
    Read what `inside/record.py` wrote.

    Args:
        record: The file.
        end: How the process ended: a test that began last, and has no outcome, ended so.
        folders: Paths, with what stands for them.

    """
    lines = [json.loads(line) for line in record.read_bytes().splitlines()] if record.exists() else []
    found: dict[str, Outcome] = {}
    for line in lines:
        if "outcome" in line:
            new = Outcome(line["outcome"], normalise(line["message"], folders))
            found[line["test"]] = combine(found[line["test"]], new) if line["test"] in found else new
    if end.kind != "ended":
        running = [lines[-1]["test"]] if lines and "outcome" not in lines[-1] else []
        # What it printed has the time it took, and more than concerns anybody where it told of tests.
        words = "" if found and not running else normalise(end.message, folders)
        found[running[0] if running else "(process)"] = Outcome(end.kind, words)
    return found


def stops(outcome: Outcome | None) -> bool:
    """Return whether a test took its process along, or would have stayed for ever."""
    return outcome is not None and outcome.kind.startswith(("died", "hangs"))


def combine(one: Outcome, other: Outcome) -> Outcome:
    """Combine two outcomes of one test: the parts of it that failed, in their order."""
    if other.kind == one.kind:
        return one if one.message == other.message else Outcome(one.kind, f"{one.message}\n{other.message}")
    return other if one.kind == "passed" else one if other.kind == "passed" else Outcome(f"{one.kind}, {other.kind}")


def normalise(text: str, folders: Mapping[str, str]) -> str:
    """Return a message without what is another one in each run."""
    for path in sorted(folders, key=len, reverse=True):
        text = text.replace(path, folders[path])
    for pattern, replacement in VARIABLE:
        text = pattern.sub(replacement, text)
    return text


def summarise(message: str) -> str:
    """Return the line of a message that says the most: that of the exception, as unittest and pytest write it."""
    lines = [line for line in message.splitlines() if line.strip()]
    by_pytest = [line[1:].strip() for line in lines if line.startswith("E  ")]
    by_python = [line for line in lines if re.match(r"[\w.]+(?:Error|Exception|Warning|Exit|Interrupt|Group)\b", line)]
    [said, *_] = [*by_pytest, *reversed(by_python), *reversed(lines), ""]
    said = said.strip()
    return said if len(said) <= LINE else f"{said[:LINE]}..."
