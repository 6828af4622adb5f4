"""Tests of `otel_crumbs.export.spool.inventory`: a spool stays in bounds, without a listing for each write."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_crumbs.export.spool import inventory
from otel_crumbs.export.spool.spool import Spool

from .files import needs_spool

pytestmark = needs_spool

SIZE = 100
ROOM = 300
WRITES = 400


def name_of(number: int, count: int = 1) -> str:
    """Return the name of a file of so many events."""
    return f"1-{number:020d}-a{f'-{count}' if count > 1 else ''}.event"


def make_spool(base: Path, room: int = ROOM) -> Spool:
    """Return the spool of a process, with room for so many files."""
    return Spool(base, service="shop", exporter="http", max_bytes=room * SIZE)


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how many files are measured, each time that this is done."""
    counted: list[int] = []
    original = inventory.iterate_files

    def iterate_files(folder: int) -> list[object]:
        files = list(original(folder))
        counted.append(len(files))
        return files  # type: ignore[return-value]  # as good as an iterator

    monkeypatch.setattr(inventory, "iterate_files", iterate_files)
    return counted


def test_a_full_spool_is_seldom_listed(base: Path, listings: list[int]) -> None:
    """Each new file takes the place of the oldest one, which is known by its name."""
    spool = make_spool(base)
    for number in range(ROOM):
        spool.write(name_of(number), b"x" * SIZE)
    listings.clear()

    deleted = [spool.write(name_of(ROOM + number), b"x" * SIZE) for number in range(WRITES)]

    assert sum(deleted) == WRITES
    assert spool.look().waiting == tuple(name_of(WRITES + number) for number in range(ROOM))
    assert sum(listings) < WRITES * ROOM / 10


def test_many_processes_keep_one_bound(base: Path) -> None:
    """Each counts what it writes itself, and what they count apart is put right."""
    spools = [make_spool(base) for _ in range(8)]

    for number in range(10 * ROOM):
        spools[number % 8].write(name_of(number), b"x" * SIZE)

    # One write of 128 measures, by chance: that none of the last 900 did happens once in a thousand runs.
    assert len(spools[0].look().waiting) < 4 * ROOM


def test_short_processes_keep_the_bound_together(base: Path) -> None:
    """Each of them writes one file, and one of so many measures them all."""
    for number in range(5 * ROOM):
        make_spool(base).write(name_of(number), b"x" * SIZE)

    assert len(make_spool(base).look().waiting) < 4 * ROOM


def test_files_that_were_delivered_leave_room(base: Path) -> None:
    """Nothing is deleted for an event that has room by now, whoever delivered the others."""
    spool = make_spool(base, 10)
    for number in range(10):
        spool.write(name_of(number), b"x" * SIZE)
    for number in range(1, 6):
        (spool.path / name_of(number)).unlink()
    mine = spool.lock(name_of(0))
    assert mine is not None
    mine.delete()
    spool.note_deletion()

    deleted = [spool.write(name_of(10 + number), b"x" * SIZE) for number in range(6)]

    assert deleted == [0] * 6


def test_the_events_of_a_file_are_counted(base: Path) -> None:
    """A file of many that makes room loses them all."""
    spool = make_spool(base, 2)
    spool.write(name_of(1, 30), b"x" * SIZE)
    spool.write(name_of(2), b"x" * SIZE)

    assert spool.write(name_of(3), b"x" * SIZE) == 30


def test_a_file_that_is_being_delivered_stays(base: Path) -> None:
    """The next one makes room, and where there is none nothing is written."""
    spool = make_spool(base, 2)
    for number in range(2):
        spool.write(name_of(number), b"x" * SIZE)
    files = [spool.lock(name_of(number)) for number in range(2)]

    with pytest.raises(OSError, match="no room"):
        spool.write(name_of(2), b"x" * SIZE)
    assert files[1] is not None
    files[1].release()
    deleted = spool.write(name_of(3), b"x" * SIZE)

    assert deleted == 1
    assert spool.look().waiting == (name_of(0), name_of(3))
