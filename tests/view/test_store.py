"""The store keeps what was acknowledged, within its bounds, and says what to do where it cannot."""

from __future__ import annotations

import sqlite3
import stat
import sys
import time
from pathlib import Path

import pytest

from otel_crumbs.view.addresses import PROTOBUF
from otel_crumbs.view.filters import Filters
from otel_crumbs.view.groups import list_groups
from otel_crumbs.view.queries import list_errors
from otel_crumbs.view.receiving import receive
from otel_crumbs.view.store import Store, find_default_file
from otel_crumbs.view.store_error import StoreError

from .events import error_event, put, spans_of


def test_events_are_there_when_it_is_opened_again(tmp_path: Path) -> None:
    """What happened yesterday can be looked at today."""
    file = tmp_path / "folder" / "view.sqlite3"
    with Store(file) as store:
        put(store, error_event())

    with Store(file) as again, Store(file, read_only=True) as asked:
        assert len(list_errors(again)) == len(list_errors(asked)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Errors have data of the application's users."""
    file = tmp_path / "view.sqlite3"

    with Store(file) as store:
        put(store, error_event())
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == {0o600}


def test_its_place_is_the_state_directory() -> None:
    """As the spool's."""
    assert find_default_file().parts[-2:] == ("otel-crumbs", "view.sqlite3")


def test_the_oldest_goes_where_there_is_no_room(tmp_path: Path) -> None:
    """Rows of traces first, then errors; groups are counted again, and texts are no longer found."""
    bound = 600_000
    with Store(tmp_path / "view.sqlite3", max_bytes=bound) as store:
        receive(store, "/v1/traces", spans_of("other", *(f"span {n}" for n in range(300))), content_type=PROTOBUF)
        for number in range(400):
            operation = f"op{number}"
            put(store, error_event(f"{number:032x}", seconds=number, fingerprint=str(number % 3), operation=operation))
        store.prune()

        [group, *_] = list_groups(store).groups
        size = (tmp_path / "view.sqlite3").stat().st_size
        left = len(list_errors(store, Filters(limit=1000)))
        gone, kept = (list_groups(store, Filters(text=text)).groups for text in ("op0", "op399"))
        assert store.select("SELECT count(*) FROM records")[0][0] == 0

    assert 0 < left < 400
    assert size < bound * 1.5
    assert group.count <= left
    assert (len(gone), len(kept)) == (0, 1)


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    """By the time when it was received."""
    with Store(tmp_path / "view.sqlite3", max_age=3600) as store:
        put(store, error_event("a" * 32), error_event("b" * 32))
        store.select("UPDATE errors SET received = ? WHERE event_id = ?", (time.time_ns() - 3601 * 10**9, "a" * 32))
        removed = store.prune()

        left = [row.event_id for row in list_errors(store)]

    assert (removed, left) == (1, ["b" * 32])


def test_a_file_that_is_no_database_is_named_with_the_remedy(tmp_path: Path) -> None:
    """It is not overwritten."""
    file = tmp_path / "view.sqlite3"
    file.write_text("something else" * 100)

    with pytest.raises(StoreError, match="no database: move it away"):
        Store(file)

    assert file.read_text().startswith("something else")


def test_a_file_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    """Its tables may mean something else."""
    file = tmp_path / "view.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StoreError, match="later release"):
        Store(file)


def test_a_file_of_an_earlier_release_is_brought_up_to_date(tmp_path: Path) -> None:
    """What was received yesterday is listed, found, added to and removed by the new one."""
    file = tmp_path / "view.sqlite3"
    make_version_1(file)

    with pytest.raises(StoreError, match="earlier release: start `otel-crumbs view`"):
        Store(file, read_only=True)
    with Store(file) as store, Store() as fresh:
        put(store, error_event("e" * 32, seconds=90))
        group, other = list_groups(store).groups
        [found] = list_groups(store, Filters(text="cart", service="front")).groups
        same = describe_tables(store) == describe_tables(fresh)
        store.clear()
        left = [*store.select("SELECT number FROM groups UNION SELECT number FROM series")]

    assert (group.count, group.held_back, group.newest.event_id) == (4, 5, "e" * 32)
    assert (other.count, other.newest.event_id) == (1, "d" * 32)
    assert (found.name, found.count, found.newest) == (other.name, other.count, other.newest)
    assert same, "a file that was changed is as one that was made"
    assert left == []


def test_a_change_that_fails_leaves_a_file_as_it_was(tmp_path: Path) -> None:
    """The earlier release can still open it."""
    file = tmp_path / "view.sqlite3"
    make_version_1(file)
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE series (something)")
    connection.close()

    with pytest.raises(StoreError):
        Store(file)

    connection = sqlite3.connect(file)
    assert connection.execute("SELECT sum(errors) FROM groups").fetchone() == (4,)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()


def test_a_file_that_is_locked_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may hold it for longer than anybody waits."""
    monkeypatch.setattr("otel_crumbs.view.store._PATIENCE", 0.05)
    file = tmp_path / "view.sqlite3"
    with Store(file) as store:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreError, match="another process has it locked"):
            put(store, error_event())

        other.execute("ROLLBACK")
        other.close()
        put(store, error_event())
        assert len(list_errors(store)) == 1


def test_a_full_disk_is_named_with_the_remedy(tmp_path: Path) -> None:
    """SQLite's own limit of pages stands in for the disk's: the error is the same."""
    with Store(tmp_path / "view.sqlite3") as store:
        put(store, error_event("a" * 32))
        [[pages]] = store.select("PRAGMA page_count")
        store.select(f"PRAGMA max_page_count = {pages}")

        events = [error_event(f"{number:032x}") for number in range(100)]

        with pytest.raises(StoreError, match="the disk is full: make room"):
            put(store, *events)

        assert list_errors(store), "it can still be read"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="name another --file"):
        Store(tmp_path / "file" / "view.sqlite3")


def make_version_1(file: Path) -> None:
    """Make the store that the first release of the viewer left."""
    connection = sqlite3.connect(file)
    connection.executescript((Path(__file__).parent / "store_of_version_1.sql").read_text("utf-8"))
    connection.close()


def describe_tables(store: Store) -> dict[str, set[tuple[str, str]]]:
    """Return the columns of the tables and of the indexes, with their types."""
    names = [name for [name] in store.select("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")]
    return {
        name: {(row[1], row[2]) for kind in ("table", "index") for row in store.select(f"PRAGMA {kind}_info({name})")}
        for name in names
    }


def test_who_only_asks_creates_nothing(tmp_path: Path) -> None:
    """The commands of the shell say what to start."""
    with pytest.raises(StoreError, match="start `otel-crumbs view`"):
        Store(tmp_path / "view.sqlite3", read_only=True)
