"""The processes of other people's suites can be interrupted, wherever they are started."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.gates.project import ROOT

STARTED = """
import signal, subprocess, sys
from peers.process import heed_signals
if {heeding}:
    heed_signals()
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    signal.raise_signal(number)
child = "import signal; print(*(signal.getsignal(n) is signal.SIG_IGN for n in (1, 2, 3)))"
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no such signals")
@pytest.mark.parametrize("heeding", [True, False])
def test_a_suite_in_the_background_can_be_interrupted(*, heeding: bool) -> None:
    """A shell has what it runs in the background ignore the keyboard's signals, and all below it."""
    ignoring = f"trap '' HUP INT QUIT; exec {sys.executable} -c \"$PROGRAM\""
    environ = {**os.environ, "PROGRAM": STARTED.format(heeding=heeding)}

    shell = ["/bin/sh", "-c", ignoring]
    done = subprocess.run(shell, capture_output=True, check=True, cwd=ROOT, env=environ, text=True)

    assert done.stdout.split() == [str(not heeding)] * 3
