"""Tests of `otel_crumbs.export.spool.exporter_spool`; those with a worker are in `tests/export/delivery`."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_crumbs.export import SpoolLocation
from otel_crumbs.export.spool.exporter_spool import ExporterSpool
from otel_crumbs.export.spool.file_lock import LockedFile
from tests.export.events import event_of

from .files import needs_spool

pytestmark = needs_spool


def make_exporter_spool(base: Path | None, destination: str = "") -> ExporterSpool:
    """Return the spool of an exporter, without a location if there is no base."""
    location = None if base is None else SpoolLocation(base=base)
    return ExporterSpool(location, exporter="http", service=lambda: "shop", destination=destination)


def test_an_event_is_kept_until_it_is_deleted(base: Path) -> None:
    """It is unacknowledged as long as its file exists."""
    spool = make_exporter_spool(base)
    event = event_of()

    kept = spool.keep([event])
    found = spool.take_next()

    assert kept
    assert found is not None
    assert (found[1], spool.count_unacknowledged()) == ([event], 1)
    spool.delete(found[0])
    assert (spool.take_next(), spool.count_unacknowledged()) == (None, 0)


def test_an_event_is_acknowledged_when_its_file_is_gone(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a process that is killed as soon as a flush ends would leave a file of what was delivered."""
    spool = make_exporter_spool(base)
    spool.keep([event_of()])
    found = spool.take_next()
    assert found is not None
    [file] = found[0]
    delete = LockedFile.delete
    seen = []

    def watch(self: LockedFile) -> None:
        delete(self)
        seen.append(spool.count_unacknowledged())

    monkeypatch.setattr(LockedFile, "delete", watch)
    spool.delete([file])

    assert seen == [1]
    assert spool.count_unacknowledged() == 0


def test_an_event_to_be_retried_waits_behind_the_others(base: Path) -> None:
    """Each event is tried once before one is tried again."""
    spool = make_exporter_spool(base)
    events = [event_of(timestamp=1), event_of(timestamp=2)]
    for event in events:
        spool.keep([event])

    taken = []
    for _ in range(3):
        found = spool.take_next()
        assert found is not None
        taken += found[1]
        spool.retry_later(found[0])

    assert taken == [events[0], events[1], events[0]]


@pytest.mark.parametrize("looks", [False, True])
def test_events_of_several_services_are_delivered(base: Path, *, looks: bool) -> None:
    """One process reports the deaths of others; the event of each is in the spool of its service."""
    spool = make_exporter_spool(base)
    events = [event_of(timestamp=1, resource={"service.name": name}) for name in ("shop", "till")]
    for event in events:
        assert spool.keep([event])

    taken = []
    for _ in events:
        if looks:
            spool.look_later(0)
        found = spool.take_next()
        assert found is not None
        taken += found[1]
        unacknowledged = spool.count_unacknowledged()
        spool.delete(found[0])
        assert spool.count_unacknowledged() == unacknowledged - 1

    assert sorted(event.resource["service.name"] for event in taken) == ["shop", "till"]
    assert [path for path in base.rglob("*") if path.is_file()] == []


def test_an_event_that_another_process_delivers_is_looked_for_again_soon(base: Path) -> None:
    """That process may be killed in the middle of it."""
    holder, spool = make_exporter_spool(base), make_exporter_spool(base)
    event = event_of()
    file = holder.keep_locked([event])
    assert file is not None

    locked = spool.take_next()
    seconds = spool.seconds_to_wait()
    file.release()
    spool.look_later(0)
    found = spool.take_next()

    assert (locked, 0 < seconds <= 10) == (None, True)
    assert found is not None
    assert found[1] == [event]


def test_a_folder_that_is_not_safe_means_a_pause(base: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is raised, a warning says why, and the spool cannot be used for a while."""
    base.mkdir()
    base.chmod(0o777)
    spool = make_exporter_spool(base)

    kept = spool.keep([event_of()])

    assert not kept
    assert not spool.usable
    assert "others may write into" in caplog.text


def test_without_a_location_nothing_is_kept() -> None:
    """The worker never has to look for events."""
    spool = make_exporter_spool(None)

    assert not spool.keep([event_of()])
    assert not spool.has_work()
    assert spool.seconds_to_wait() == float("inf")


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_is_warned_once(caplog: pytest.LogCaptureFixture) -> None:
    """Events wait in memory, and the warning says how to keep them on disk."""
    spool = ExporterSpool(SpoolLocation(), exporter="http", service=lambda: "shop")

    assert (spool.folder, spool.has_work()) == ("memory", True)
    assert [spool.keep([event_of()]) for _ in range(3)] == [False] * 3
    assert spool.find_spool() is None

    [record] = caplog.records
    assert "Remedy: name a private folder by OTEL_CRUMBS_SPOOL_DIR" in record.getMessage()
    assert (spool.usable, spool.where, spool.has_work()) == (False, "kept in memory", False)


def test_events_go_only_to_the_receiver_that_they_were_captured_for(base: Path) -> None:
    """Another exporter of that name passes them over; what was kept without an address goes to any."""
    unmarked, mine, other = (
        make_exporter_spool(base, address) for address in ("", "https://mine.example/", "https://other.example/")
    )
    events = [event_of(timestamp=number) for number in (1, 2, 3)]
    for spool, event in zip((unmarked, mine, other), events, strict=True):
        spool.keep([event])

    found = make_exporter_spool(base, "https://mine.example/").take_next(9)

    assert found is not None
    assert found[1] == [events[0], events[1]]
    assert "example" not in " ".join(path.name for path in base.glob("*/*/*"))


def test_events_of_a_burst_are_one_file(base: Path) -> None:
    """They come out of it together, and in their order."""
    spool = make_exporter_spool(base)
    events = [event_of(ValueError(str(number)), timestamp=number) for number in range(20)]

    kept = spool.keep(events)
    unacknowledged = spool.count_unacknowledged()
    found = make_exporter_spool(base).take_next(64)

    assert (kept, unacknowledged) == (True, 20)
    assert found is not None
    assert (len(found[0]), found[1]) == (1, events)


def test_of_a_large_spool_some_files_are_tried_until_the_receiver_answers(base: Path) -> None:
    """To know them all takes long, and is of no use as long as the receiver is away."""
    fatal = event_of(timestamp=1_000, fatal=True)
    writer = make_exporter_spool(base)
    for number in range(300):
        writer.keep([event_of(timestamp=number)])
    writer.keep([fatal])
    spool = make_exporter_spool(base)

    first = spool.take_next()
    assert first is not None
    spool.note_answer()
    spool.delete(first[0])
    second = spool.take_next()

    assert second is not None
    assert fatal in (*first[1], *second[1])
