"""Tests of `otel_crumbs.export.spool.private_folder`: no other user has access to an event."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from otel_crumbs.export.spool.private_folder import UnsafeFolderError
from otel_crumbs.export.spool.spool import Spool

from .files import SOMEBODY, names_in, needs_spool, root_only, write_event

pytestmark = needs_spool


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_has_access(base: Path, spool: Spool) -> None:
    """The umask makes no difference."""
    before = os.umask(0)
    try:
        name = write_event(spool)
    finally:
        os.umask(before)

    assert [mode(path) for path in (base, base / "shop", spool.path)] == [0o700] * 3
    assert mode(spool.path / name) == 0o600


def test_a_folder_that_others_can_read_is_closed(spool: Spool) -> None:
    """The folder belongs to this user, so its mode is corrected."""
    write_event(spool)
    spool.path.chmod(0o755)

    write_event(spool, "another")

    assert mode(spool.path) == 0o700


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_folder_that_others_can_write_into_is_refused(base: Path, spool: Spool, depth: int) -> None:
    """Other users may have put files there."""
    write_event(spool)
    folder = [base, base / "shop", spool.path][depth]
    folder.chmod(0o777)

    with pytest.raises(UnsafeFolderError, match=f"others may write into {folder}"):
        spool.look()


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_symbolic_link_is_refused(base: Path, spool: Spool, tmp_path: Path, depth: int) -> None:
    """Nothing is read or written behind it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder = [base, base / "shop", base / "shop" / "http"][depth]
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.symlink_to(elsewhere)

    with pytest.raises(UnsafeFolderError, match="symbolic link"):
        write_event(spool)

    assert names_in(elsewhere) == []


@root_only
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_folder_of_another_user_is_refused(base: Path, spool: Spool, depth: int) -> None:
    """Root is refused as well, though it could write there."""
    name = write_event(spool)
    folder = [base, base / "shop", spool.path][depth]
    os.chown(folder, SOMEBODY, SOMEBODY)

    with pytest.raises(UnsafeFolderError, match=f"belongs to user {SOMEBODY}"):
        spool.lock(name)

    os.chown(folder, 0, 0)
    assert spool.look().waiting == (name,)
