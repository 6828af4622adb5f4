"""What a child of a pool did is in the event of the error that it hands to its parent."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands import environment

PROGRAM = Path(__file__).with_name("pooled.py")
ROOT = Path(__file__).parents[2]
METHODS = multiprocessing.get_all_start_methods()
CHILD = {
    ("pool", "fork"): "ForkPoolWorker-1",
    ("pool", "spawn"): "SpawnPoolWorker-1",
    ("pool", "forkserver"): "ForkServerPoolWorker-1",
    ("executor", "fork"): "ForkProcess-1",
    ("executor", "spawn"): "SpawnProcess-1",
    ("executor", "forkserver"): "ForkServerProcess-1",
}


def outcome_of(pool: str, method: str, home: Path) -> Any:
    """Return the failures that the parent has seen, and its events."""
    done = subprocess.run(
        [sys.executable, PROGRAM, pool, method],
        capture_output=True,
        check=False,
        cwd=ROOT,
        # The socket of a fork server is in that folder, and the system takes short paths alone.
        env={**environment(home), "PYTHONPATH": str(ROOT), "TMPDIR": "/tmp"},  # noqa: S108 - it makes a folder there
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("pool", ["pool", "executor"])
@pytest.mark.parametrize("method", METHODS)
def test_an_error_has_what_its_child_did(pool: str, method: str, tmp_path: Path) -> None:
    """It has the job's own breadcrumbs and none of the jobs before it; the exception is as it was."""
    outcome = outcome_of(pool, method, tmp_path)

    child = CHILD[pool, method]
    cause = "RemoteTraceback" if pool == "pool" else "_RemoteTraceback"
    began = [] if method == "fork" else [[child, "child begins"]]
    first, second, large = outcome["events"]
    assert outcome["failures"] == [
        [f"ValueError('{words}')", {}, cause, True]
        for words in ("cannot work on 3", "cannot work on 6", "cannot work on 9", "too much")
    ]
    parents = [[None, "job 1"], [None, "job 3"]]
    assert first[:2] == ["ValueError: cannot work on 3", "import"]
    assert sorted(first[2], key=str) == sorted([*parents, *began, [child, "working on 3"]], key=str)
    assert first[2][-2:] == [[None, "job 3"], [child, "working on 3"]]
    assert second[2][-3:] == [[None, "job 4"], [None, "job 6"], [child, "working on 6"]]
    assert [words for who, words in second[2] if who == child] == [*[words for _, words in began], "working on 6"]
    assert large[0] == "ValueError: too much"


@pytest.mark.skipif("fork" not in METHODS, reason="there is no fork here")
def test_what_a_child_did_is_sent_in_bounds(tmp_path: Path) -> None:
    """The newest breadcrumbs have room; an error that the child has reported is no second event."""
    _, _, large = outcome_of("executor", "fork", tmp_path)["events"]

    sent = [int(words.split()[0]) for who, words in large[2] if who]
    assert 10 < len(sent) < 60
    assert sent == list(range(90 - len(sent), 90))
