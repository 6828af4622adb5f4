"""Tests of looks at a folder with many recordings: how much is done at once, and how much is kept."""

from __future__ import annotations

import fcntl
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from otel_crumbs.event import CapturedError
from otel_crumbs.export.spool.private_folder import PrivateFolder
from otel_crumbs.recorder.look import Look
from otel_crumbs.recorder.recovery import Recovery

Make = Callable[[], Path]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no private folders and locks")


def test_a_look_without_time_reports_one_death_at_least(
    recovery: Recovery, make: Make, emitted: list[CapturedError]
) -> None:
    """So a program that ends at once reports the one before it; nothing is lost by the slices."""
    paths = [make() for _ in range(4)]
    look = Look(recovery)

    more = [look.continue_for(0) for _ in range(4)]

    assert more == [True, True, True, False]
    assert len({each.event_id for each in emitted}) == look.found == 4
    assert list(paths[0].parent.iterdir()) == []


def test_processes_that_live_do_not_use_up_a_look(recovery: Recovery, make: Make, emitted: list[CapturedError]) -> None:
    """The death behind them is reported all the same."""
    dead = make()
    alive = [make() for _ in range(5)]
    files = [path.open("rb") for path in alive]
    for file in files:
        fcntl.flock(file, fcntl.LOCK_EX)

    Look(recovery).continue_for(0)

    assert [each.event_id in dead.name for each in emitted] == [True]
    for file in files:
        file.close()


def test_a_look_opens_a_bounded_number_of_recordings(
    make: Make, tmp_path: Path, emitted: list[CapturedError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of other services are opened for as long as it has time, and stay."""
    monkeypatch.setattr("otel_crumbs.recorder.look._MIN_OPENED", 3)
    paths = [make() for _ in range(7)]
    other = Recovery(PrivateFolder(tmp_path / "dead"), emitted.append, size=100, service=lambda: "other")
    look = Look(other)

    more = [look.continue_for(0) for _ in range(3)]

    assert more == [True, True, False]
    assert all(path.exists() for path in paths)


def test_a_crash_loop_is_bounded(
    recovery: Recovery, make: Make, emitted: list[CapturedError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process reports so many of those before it, the newest; the rest is there for the next one."""
    monkeypatch.setattr("otel_crumbs.recorder.look._MIN_OPENED", 3)
    paths = sorted([make() for _ in range(5)], key=lambda path: path.name.partition("-")[2])

    more = Look(recovery, most=3).continue_for()

    assert not more
    assert [path.exists() for path in paths] == [True, True, False, False, False]
    assert Look(recovery, most=3).continue_for() is False
    assert len({each.event_id for each in emitted}) == 5


def test_the_folder_stays_within_its_bound(
    recovery: Recovery, make: Make, emitted: list[CapturedError], caplog: pytest.LogCaptureFixture
) -> None:
    """The oldest recordings go, which is said; those of processes that live stay."""
    alive = make()
    for _ in range(6):
        make()
    with alive.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Look(recovery, most=0, keep=2).continue_for()

    left = [*alive.parent.iterdir()]
    assert (len(left), alive in left, emitted) == (3, True, [])
    assert "newest recordings" in caplog.text


def test_a_look_without_time_keeps_the_folder_bounded(recovery: Recovery, make: Make) -> None:
    """More goes than one program leaves when it is killed in its turn."""
    folder = make().parent
    for _ in range(9):
        make()

    Look(recovery, most=0, keep=2).continue_for(0)

    assert len([*folder.iterdir()]) == 5


def test_of_many_starts_beside_many_deaths_one_reports(
    recovery: Recovery, make: Make, emitted: list[CapturedError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next ones need not, for a while; whoever comes to the end of it leaves nothing that says so."""
    monkeypatch.setattr("otel_crumbs.recorder.look._MIN_OPENED", 2)
    folder = make().parent
    for _ in range(3):
        make()

    first = Look(recovery)
    before = first.should_wait()
    first.continue_for(0)
    after = [Look(recovery).should_wait() for _ in range(2)]
    monkeypatch.setattr("otel_crumbs.recorder.recovery._SECONDS_BETWEEN_REPORTS", -1.0)
    later = Look(recovery).should_wait()
    first.continue_for()

    assert (before, after, later) == (False, [True, True], False)
    assert (len(emitted), list(folder.iterdir())) == (4, [])


def test_a_look_that_should_wait_keeps_the_folder_bounded(recovery: Recovery, make: Make) -> None:
    """Programs that end at once, over and over, would fill it."""
    folder = make().parent
    for _ in range(9):
        make()
    recovery.note_backlog(is_left=True)

    assert Look(recovery, keep=2).should_wait()
    recovery.note_backlog(is_left=False)

    assert len([*folder.iterdir()]) == 5


def test_the_note_of_a_backlog_is_no_way_to_a_file_of_others(recovery: Recovery, make: Make, tmp_path: Path) -> None:
    """Nor does a pipe in its place keep anybody waiting."""
    note = make().with_name(".backlog")
    for way in ("link", "pipe"):
        note.unlink(missing_ok=True)
        if way == "link":
            note.symlink_to(tmp_path / "elsewhere")
        else:
            os.mkfifo(note)
        recovery.note_backlog(is_left=True)

    assert not (tmp_path / "elsewhere").exists()


def test_the_random_numbers_of_the_application_are_as_they_were(recovery: Recovery, make: Make) -> None:
    """It may have seeded them."""
    make()
    random.seed(7)
    before = random.getstate()

    Look(recovery).continue_for()

    assert random.getstate() == before
