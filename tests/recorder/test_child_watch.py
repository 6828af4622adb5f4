"""Tests of the thread that reports the dead: children at once, and those of earlier processes little by little."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otel_crumbs.base.threads import wait_until
from otel_crumbs.event import CapturedError
from otel_crumbs.recorder.child_watch import ChildWatch
from otel_crumbs.recorder.recovery import Recovery

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no private folders and locks")

Make = Callable[[], Path]
PATIENCE = 60.0


@pytest.fixture
def watch(recovery: Recovery, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChildWatch]:
    """Return a watch that has no time for more than one death at once, and then pauses for long."""
    monkeypatch.setattr("otel_crumbs.recorder.child_watch._SLICE", 0.0)
    monkeypatch.setattr("otel_crumbs.recorder.child_watch._PAUSE", PATIENCE)
    watch = ChildWatch(recovery)
    yield watch
    watch.wait(time.monotonic() + PATIENCE)


def test_a_process_that_lives_goes_through_all_that_others_left(
    watch: ChildWatch, make: Make, emitted: list[CapturedError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pauses, so that the application has the processor."""
    monkeypatch.setattr("otel_crumbs.recorder.child_watch._PAUSE", 0.001)
    paths = [make() for _ in range(4)]

    undo = watch.install()

    assert wait_until(lambda: not [*paths[0].parent.iterdir()], time.monotonic() + PATIENCE)
    assert len({each.event_id for each in emitted}) == len(emitted) == 4
    undo()


def test_a_process_that_ends_leaves_the_rest_to_the_next(
    watch: ChildWatch, make: Make, emitted: list[CapturedError]
) -> None:
    """It has reported one death at least, and does not wait for the others."""
    paths = [make() for _ in range(5)]
    undo = watch.install()

    watch.wait(time.monotonic() + PATIENCE)

    assert len(emitted) == 1
    assert sum(path.exists() for path in paths) == 5 - len(emitted)
    undo()


def test_a_process_that_ends_at_once_leaves_a_backlog_to_others(
    watch: ChildWatch, recovery: Recovery, make: Make, emitted: list[CapturedError]
) -> None:
    """One before it has just reported a death of many."""
    paths = [make() for _ in range(3)]
    recovery.note_backlog(is_left=True)
    undo = watch.install()

    watch.wait(time.monotonic() + PATIENCE)

    assert (emitted, [path.exists() for path in paths]) == ([], [True] * 3)
    undo()


def test_a_process_that_goes_on_reports_a_backlog(
    watch: ChildWatch, recovery: Recovery, make: Make, emitted: list[CapturedError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a pause."""
    monkeypatch.setattr("otel_crumbs.recorder.child_watch._PAUSE", 0.001)
    folder = make().parent
    make()
    recovery.note_backlog(is_left=True)

    undo = watch.install()

    assert wait_until(lambda: not [*folder.iterdir()], time.monotonic() + PATIENCE)
    assert len(emitted) == 2
    undo()


def test_a_child_that_dies_does_not_wait_for_a_pause(
    watch: ChildWatch, make: Make, emitted: list[CapturedError]
) -> None:
    """It is reported between two slices of what others left."""
    for _ in range(4):
        make()
    undo = watch.install()
    assert wait_until(lambda: emitted, time.monotonic() + PATIENCE)
    # It waits for its end to be asked for, by its parent whose recording has its id already.
    read, write = os.pipe()
    pid = os.posix_spawn(
        "/bin/sh", ["sh", "-c", "read line; exit 1"], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, read, 0)]
    )
    recording = make()
    recording.rename(recording.with_name(f"{pid}-{recording.name.partition('-')[2]}"))
    os.write(write, b"\n")

    os.waitpid(pid, 0)

    def is_reported() -> bool:
        return any(each.event_id in recording.name for each in emitted)

    assert wait_until(is_reported, time.monotonic() + PATIENCE / 2)
    undo()
    os.close(read)
    os.close(write)
