"""A suite's tests are compared on two sides, in processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from peers.compare import compare_part, wavers
from peers.environments import INSIDE, SIDES, Side, find_site_packages
from peers.outcomes import Outcome
from peers.process import Place, run_to_the_end
from peers.suites import Part

SAMPLE = """
import os, pathlib, sys, unittest

beside = pathlib.Path(sys.prefix).name == "with"

class Sample(unittest.TestCase):
    def test_agrees(self):
        pass
    def test_differs(self):
        self.assertFalse(beside, f"port {os.getpid() + 10000}")
    def test_differs_once(self):
        seen = pathlib.Path(sys.prefix, "seen")
        first = not seen.exists()
        seen.touch()
        self.assertFalse(beside and first)
    def test_fails_in_words_of_chance(self):
        self.fail(os.urandom(40).hex())
    def test_is_skipped(self):
        self.skipTest("no screen")
    def test_takes_the_process_along(self):
        if beside:
            os._exit(3)
    def test_takes_the_process_along_later(self):
        pass
"""
KINDS = {
    "test_differs": ("passed", "failed"),
    "test_takes_the_process_along": ("passed", "died (3)"),
}


@pytest.fixture
def places(tmp_path: Path) -> list[Place]:
    """Return two environments that have a suite, and nothing that starts with it."""
    made = []
    for name in SIDES:
        side = Side(name=name, folder=tmp_path / name)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", side.folder], check=True)
        packages = find_site_packages(side.folder)
        shutil.copytree(INSIDE, packages / "peers_inside")
        (packages / "sample.py").write_text(SAMPLE, encoding="utf-8")
        made.append(Place(side=side, sources=tmp_path, runner="unittest"))
    return made


def test_a_difference_is_what_differs_each_time(places: list[Place]) -> None:
    """What a process took along, or failed once, is run again."""
    result = compare_part(places, Part(name="sample", labels=("sample",)))

    assert {each.test.rpartition(".")[2]: (each.without.kind, each.beside.kind) for each in result.differences} == KINDS
    assert {"sample.Sample.test_differs_once", "sample.Sample.test_fails_in_words_of_chance"} <= set(result.unsteady)
    assert len(result.tests) == 8  # one more than there are: whether anything was left over


def test_a_message_of_chance_is_no_difference_and_an_outcome_is() -> None:
    """Words that differ without us too say nothing about us."""
    chance = [({"a": Outcome("failed", word)}, {"a": Outcome("failed", word * 2)}) for word in "xyz"]
    lasting = [({"a": Outcome("failed", "x")}, {"a": Outcome("failed", word)}) for word in "yzy"]
    kinds = [({"a": Outcome("passed")}, {"a": Outcome("failed", word)}) for word in "xyz"]

    assert [wavers("a", rounds) for rounds in (chance, lasting, kinds)] == [True, False, False]


def test_a_process_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    """None of them is left to take the machine's time."""
    program = "import subprocess, sys, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
    output = tmp_path / "output"

    end = run_to_the_end([sys.executable, "-c", program], tmp_path, os.environ, 2, output)

    assert end.kind == "hangs"
    child = Path("/proc", output.read_text(encoding="utf-8").strip(), "cmdline")
    # It is killed by now, and gone as soon as the system sees to it.
    deadline = time.monotonic() + 20
    while child.exists() and child.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not child.exists() or not child.read_bytes()
