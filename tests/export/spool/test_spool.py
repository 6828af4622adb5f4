"""Tests of `otel_crumbs.export.spool.spool`: events are kept in the order of delivery, and in bounds."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from otel_crumbs.export.spool.codec import encode_event
from otel_crumbs.export.spool.location import SpoolLocation, find_default_base
from otel_crumbs.export.spool.private_folder import UnsafeFolderError
from otel_crumbs.export.spool.spool import MAX_AGE_SECONDS, Spool
from otel_crumbs.export.spool.spool_file import name_file
from tests.export.events import event_of

from .files import names_in, needs_spool, write_event

pytestmark = needs_spool


def test_looking_makes_no_folder(base: Path, spool: Spool) -> None:
    """A service without undelivered events has no folder."""
    assert spool.look().waiting == ()
    assert spool.lock("1-00000000000000000001-a.event") is None
    assert not base.exists()


def test_fatal_errors_come_first_then_the_oldest(spool: Spool) -> None:
    """Names sort in the order of delivery."""
    newer, older = write_event(spool, timestamp=2), write_event(spool, timestamp=1)
    fatal = write_event(spool, timestamp=3, fatal=True)

    assert spool.look().waiting == (fatal, older, newer)


def test_the_oldest_event_makes_room(base: Path) -> None:
    """Events that are not fatal are deleted first."""
    event = event_of(ValueError("boom"), timestamp=4, breadcrumbs=())
    spool = Spool(base, service="shop", exporter="http", max_bytes=3 * len(encode_event(event)) + 200)
    fatal = write_event(spool, timestamp=1, fatal=True, breadcrumbs=())
    write_event(spool, timestamp=2, breadcrumbs=())
    third = write_event(spool, timestamp=3, breadcrumbs=())

    gone = spool.write(name_file([event]), encode_event(event))

    assert gone == 1
    assert spool.look().waiting[:2] == (fatal, third)


def test_an_event_larger_than_the_spool_is_not_kept(base: Path) -> None:
    """No other event is deleted for it."""
    spool = Spool(base, service="shop", exporter="http", max_bytes=4000)
    name = write_event(spool, breadcrumbs=())
    event = event_of(stacktrace="x" * 5000)

    with pytest.raises(OSError, match="no room"):
        spool.write(name_file([event]), encode_event(event))

    assert spool.look().waiting == (name,)


def test_old_events_are_deleted(spool: Spool) -> None:
    """Files that were never finished are deleted, too."""
    old, new = write_event(spool, timestamp=1), write_event(spool, timestamp=2)
    unfinished = spool.path / f".{'0' * 16}.unfinished"
    unfinished.write_text("half")
    long_ago = time.time() - MAX_AGE_SECONDS - 1
    for path in (spool.path / old, unfinished):
        os.utime(path, (long_ago, long_ago))

    assert spool.delete_expired() == 1
    assert names_in(spool.path) == [new]


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_has_no_spool() -> None:
    """The remedy is named once somebody wants one; looking for the events of earlier processes is no failure."""
    assert find_default_base() is None
    assert SpoolLocation().has_any() is False
    with pytest.raises(UnsafeFolderError, match="OTEL_CRUMBS_SPOOL_DIR"):
        SpoolLocation().open_spool("shop", "http")


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_may_name_a_folder(base: Path) -> None:
    """Nothing else is asked of the system."""
    spool = SpoolLocation(base=base).open_spool("shop", "http")

    assert spool is not None
    assert write_event(spool) in spool.look().waiting
