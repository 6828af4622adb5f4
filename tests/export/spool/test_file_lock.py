"""Tests of `otel_crumbs.export.spool.file_lock`: one process alone delivers an event."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from otel_crumbs.export.spool.spool import Spool

from .files import names_in, needs_spool, write_event

pytestmark = needs_spool


def test_a_locked_file_cannot_be_locked_again(spool: Spool) -> None:
    """Another worker of the same process is refused as well as another process."""
    name = write_event(spool)
    file = spool.lock(name)

    with pytest.raises(BlockingIOError):
        spool.lock(name)

    assert file is not None
    file.release()
    again = spool.lock(name)
    assert again is not None
    again.delete()
    assert spool.lock(name) is None


def test_a_lock_ends_with_its_process(base: Path, spool: Spool) -> None:
    """The system releases the locks of a process that is killed."""
    name = write_event(spool)
    program = f"""
import sys, time, pathlib
from otel_crumbs.export.spool.spool import Spool
file = Spool(pathlib.Path({str(base)!r}), service="shop", exporter="http").lock({name!r})
print("locked", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(BlockingIOError):
            spool.lock(name)
        process.kill()

    file = spool.lock(name)
    assert file is not None
    file.release()


def test_an_unreadable_file_is_set_aside(spool: Spool) -> None:
    """The file is counted and not tried again, and people can look at it."""
    name = write_event(spool)
    file = spool.lock(name)
    assert file is not None

    file.set_aside()

    found = spool.look()
    assert (found.waiting, found.set_aside) == ((), 1)
    assert names_in(spool.path) == [f"{name}.unreadable"]
