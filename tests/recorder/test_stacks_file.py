"""Crashes of applications that have `faulthandler` on for themselves: it writes what it writes without us."""

from __future__ import annotations

import faulthandler
import re
import subprocess
import sys
from pathlib import Path

import pytest

from otel_crumbs.export.spool.private_folder import PrivateFolder
from otel_crumbs.recorder import layout
from otel_crumbs.recorder.stacks_file import StacksFile
from tests.export.receiver import Receiver

from .dying import SECONDS, recordings, run, variables

PROGRAM = Path(__file__).parent / "programs" / "faulting.py"
SIGNALS = {"segfault": -11, "abort": -6}

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="files and signals are those of Linux"),
]


def crash(variables: dict[str, str], order: str, target: Path | None, way: str) -> tuple[int, str, str]:
    """Run the program; return its exit status, its output, and what stands where it wanted its stacks to be."""
    command = [sys.executable, str(PROGRAM), order, "stderr" if target is None else str(target), way]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False)
    stacks = done.stderr + ("" if target is None else target.read_text(encoding="utf-8"))
    # The stacks are those of all threads, so the look for the dead at the start is among them while it goes on.
    stacks = re.sub(r"\nThread 0x[^\n]*\n(?:  [^\n]*\n)+", "", stacks)
    # Threads have other identities each time.
    return done.returncode, done.stdout, re.sub("0x[0-9a-f]+", "0x", stacks)


@pytest.mark.parametrize("order", ["before", "after", "unless"])
@pytest.mark.parametrize("has_file", [False, True], ids=["stderr", "file"])
@pytest.mark.parametrize("way", SIGNALS)
def test_the_output_of_the_application_is_as_without_us(
    receiver: Receiver, tmp_path: Path, order: str, way: str, *, has_file: bool
) -> None:
    """The event of its death is there, and has no stacks: a process has one handler, which is the application's."""
    targets = [tmp_path / name if has_file else None for name in ("without", "with")]
    recorded = variables(tmp_path, receiver)

    without = crash(recorded | {"OTEL_CRUMBS_RECORDER": "off"}, order, targets[0], way)
    with_us = crash(recorded, order, targets[1], way)
    run(recorded, "script", "well")

    assert with_us == without
    assert "in die" in with_us[2]
    assert with_us[0] == SIGNALS[way]
    [request] = receiver.requests
    [exception] = request.document["exceptions"]
    assert (request.document["operation"], exception["type"], exception["frames"]) == ("work", "Killed", [])
    assert recordings(tmp_path) == []


def test_an_application_that_disables_it_has_stacks_in_its_event(receiver: Receiver, tmp_path: Path) -> None:
    """For it had not enabled it, and prints nothing all the same."""
    recorded = variables(tmp_path, receiver)

    without, with_us = (
        crash(recorded | {"OTEL_CRUMBS_RECORDER": recorder}, "disable", None, "segfault")
        for recorder in ("off", "auto")
    )
    run(recorded, "script", "well")

    assert with_us == without == (-11, "False\n", "")
    [request] = receiver.requests
    [exception] = request.document["exceptions"]
    assert exception["type"] == "SegmentationFault"
    assert "die" in [frame["function"] for frame in exception["frames"]]


def test_undoing_it_leaves_the_functions_of_the_module(tmp_path: Path) -> None:
    """And the handler off, where it was off."""
    was_enabled = faulthandler.is_enabled()
    faulthandler.disable()
    before = faulthandler.enable, faulthandler.disable, faulthandler.is_enabled
    folder = PrivateFolder(tmp_path / "dead")
    with folder.open(create=True):
        stacks = StacksFile(folder)
    stacks.begin(f"1-2{layout.SUFFIX}")
    hidden = faulthandler.is_enabled()
    stacks.delete()

    assert not hidden
    assert (faulthandler.enable, faulthandler.disable, faulthandler.is_enabled) == before
    assert not faulthandler.is_enabled()
    assert [*(tmp_path / "dead").iterdir()] == []
    if was_enabled:
        faulthandler.enable(sys.__stderr__ or sys.stderr)
