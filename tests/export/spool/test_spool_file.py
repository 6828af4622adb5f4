"""Tests of `otel_crumbs.export.spool.spool_file`: files are found by their names."""

from __future__ import annotations

import os
from pathlib import Path

from otel_crumbs.export.spool.spool import Spool
from otel_crumbs.export.spool.spool_file import name_folder

from .files import SOMEBODY, names_in, needs_spool, root_only, write_event

pytestmark = needs_spool


def test_services_do_not_share_a_folder() -> None:
    """Each name has a folder of its own, whatever characters it has."""
    names = ["shop", "Shop/1", "Shop_1", "..", ".", "", "a" * 200, "a" * 201, "läden", "\ud800"]

    folders = {name_folder(name) for name in names}

    assert len(folders) == len(names)
    assert all("/" not in folder and not folder.startswith(".") and len(folder) < 100 for folder in folders)


@root_only
def test_a_file_of_another_user_is_ignored(spool: Spool) -> None:
    """It is neither read nor counted nor deleted, though it has a name of the spool."""
    name = write_event(spool)
    os.chown(spool.path / name, SOMEBODY, SOMEBODY)
    os.utime(spool.path / name, (0, 0))

    assert spool.look().waiting == ()
    assert spool.lock(name) is None
    assert spool.delete_expired() == 0
    assert names_in(spool.path) == [name]


def test_other_files_are_ignored(spool: Spool, tmp_path: Path) -> None:
    """Notes, folders, links and pipes stay, also those that have a name of the spool."""
    write_event(spool)
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
