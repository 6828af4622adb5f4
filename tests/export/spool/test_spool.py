"""The spool keeps events private and whole, in bounds, and hands each to one process alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from otel_crumbs.export.spool.codec import encode_event
from otel_crumbs.export.spool.private_folder import SUPPORTED, UnsafeFolderError
from otel_crumbs.export.spool.spool import MAX_AGE_SECONDS, Spool
from otel_crumbs.export.spool.spool_file import name_folder
from tests.export.events import event_of

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="there is no spool here")

SOMEBODY = 12345
root_only = pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give files away")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a folder for spools."""
    return tmp_path / "spool"


@pytest.fixture
def spool(base: Path) -> Spool:
    """Return a spool that is not there yet."""
    return Spool(base, service="shop", exporter="http")


def keep(spool: Spool, message: str = "boom", **fields: Any) -> str:
    """Write an event, and return the name of its file."""
    event = event_of(ValueError(message), **fields)
    before = set(spool.look().waiting)
    spool.write(event, encode_event(event))
    [name] = set(spool.look().waiting) - before
    return name


def names_in(folder: Path) -> list[str]:
    """Return all that lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    """Return who may do what."""
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_folders_are_their_owners_alone(base: Path, spool: Spool) -> None:
    """Whatever the umask says."""
    before = os.umask(0)
    try:
        name = keep(spool)
    finally:
        os.umask(before)

    assert [mode(path) for path in (base, base / "shop", spool.path)] == [0o700] * 3
    assert mode(spool.path / name) == 0o600


def test_looking_makes_no_folder(base: Path, spool: Spool) -> None:
    """Where nothing was ever undelivered nothing is left behind."""
    assert spool.look().waiting == ()
    assert spool.lock("1-00000000000000000001-a.event") is None
    assert not base.exists()


def test_fatal_errors_come_first_then_the_oldest(spool: Spool) -> None:
    """Names sort in the order of delivery."""
    newer, older = keep(spool, timestamp=2), keep(spool, timestamp=1)
    fatal = keep(spool, timestamp=3, fatal=True)

    assert spool.look().waiting == (fatal, older, newer)


def test_the_oldest_makes_room(base: Path) -> None:
    """Events that are not fatal go first."""
    event = event_of(ValueError("boom"), timestamp=4, breadcrumbs=())
    spool = Spool(base, service="shop", exporter="http", max_bytes=3 * len(encode_event(event)) + 200)
    fatal = keep(spool, timestamp=1, fatal=True, breadcrumbs=())
    keep(spool, timestamp=2, breadcrumbs=())
    third = keep(spool, timestamp=3, breadcrumbs=())

    gone = spool.write(event, encode_event(event))

    assert gone == 1
    assert spool.look().waiting[:2] == (fatal, third)


def test_an_event_larger_than_the_spool_is_not_kept(base: Path) -> None:
    """Nothing is deleted for it."""
    spool = Spool(base, service="shop", exporter="http", max_bytes=4000)
    name = keep(spool, breadcrumbs=())
    event = event_of(stacktrace="x" * 5000)

    with pytest.raises(OSError, match="no room"):
        spool.write(event, encode_event(event))

    assert spool.look().waiting == (name,)


def test_what_is_too_old_is_deleted(spool: Spool) -> None:
    """Files that were never finished are deleted, too."""
    old, new = keep(spool, timestamp=1), keep(spool, timestamp=2)
    unfinished = spool.path / f".{'0' * 16}.unfinished"
    unfinished.write_text("half")
    long_ago = time.time() - MAX_AGE_SECONDS - 1
    for path in (spool.path / old, unfinished):
        os.utime(path, (long_ago, long_ago))

    assert spool.delete_expired() == 1
    assert names_in(spool.path) == [new]


def test_a_lock_is_one_process_alone(spool: Spool) -> None:
    """Another one, or another worker of the same, is told that it is taken."""
    name = keep(spool)
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
    """A killed process has no lock any more, and its number may be another's."""
    name = keep(spool)
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


def test_services_do_not_share_a_folder() -> None:
    """Their names may have any characters."""
    names = ["shop", "Shop/1", "Shop_1", "..", ".", "", "a" * 200, "a" * 201, "läden", "\ud800"]

    folders = {name_folder(name) for name in names}

    assert len(folders) == len(names)
    assert all("/" not in folder and not folder.startswith(".") and len(folder) < 100 for folder in folders)


def test_a_folder_that_others_can_look_into_is_closed(spool: Spool) -> None:
    """It is ours, so it can be mended."""
    keep(spool)
    spool.path.chmod(0o755)

    keep(spool, "another")

    assert mode(spool.path) == 0o700


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_folder_that_others_can_write_into_is_refused(base: Path, spool: Spool, depth: int) -> None:
    """What lies there may be anybody's."""
    keep(spool)
    folder = [base, base / "shop", spool.path][depth]
    folder.chmod(0o777)

    with pytest.raises(UnsafeFolderError, match=f"others may write into {folder}"):
        spool.look()


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_symbolic_link_is_refused(base: Path, spool: Spool, tmp_path: Path, depth: int) -> None:
    """Wherever it leads, nothing is read or written there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder = [base, base / "shop", base / "shop" / "http"][depth]
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.symlink_to(elsewhere)

    with pytest.raises(UnsafeFolderError, match="symbolic link"):
        keep(spool)

    assert names_in(elsewhere) == []


@root_only
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_folder_of_another_user_is_refused(base: Path, spool: Spool, depth: int) -> None:
    """Root is refused as well, who could write there."""
    name = keep(spool)
    folder = [base, base / "shop", spool.path][depth]
    os.chown(folder, SOMEBODY, SOMEBODY)

    with pytest.raises(UnsafeFolderError, match=f"belongs to user {SOMEBODY}"):
        spool.lock(name)

    os.chown(folder, 0, 0)
    assert spool.look().waiting == (name,)


@root_only
def test_a_file_of_another_user_is_left_alone(spool: Spool) -> None:
    """It is neither read nor counted nor deleted, though its name is like ours."""
    name = keep(spool)
    os.chown(spool.path / name, SOMEBODY, SOMEBODY)
    os.utime(spool.path / name, (0, 0))

    assert spool.look().waiting == ()
    assert spool.lock(name) is None
    assert spool.delete_expired() == 0
    assert names_in(spool.path) == [name]


def test_what_is_no_file_of_ours_is_left_alone(spool: Spool, tmp_path: Path) -> None:
    """Notes, folders, links and pipes, under their own names or under one like ours."""
    keep(spool)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (spool.path / "notes.txt").write_text("mine")
    (spool.path / f"1-{1:020d}-folder.event").mkdir()
    (spool.path / f"1-{1:020d}-link.event").symlink_to(secret)
    os.mkfifo(spool.path / f"1-{1:020d}-pipe.event")
    before = set(names_in(spool.path))

    found = spool.look()
    spool.delete_expired()

    assert len(found.waiting) == 1
    assert set(names_in(spool.path)) == before


def test_what_cannot_be_read_is_set_aside(spool: Spool) -> None:
    """It is counted, it is not tried again, and somebody can look at it."""
    name = keep(spool)
    file = spool.lock(name)
    assert file is not None

    file.set_aside()

    found = spool.look()
    assert (found.waiting, found.set_aside) == ((), 1)
    assert names_in(spool.path) == [f"{name}.unreadable"]
