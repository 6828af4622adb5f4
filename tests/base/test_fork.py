"""Tests of `otel_crumbs.base.fork`; those of its reset of a child are in `tests/delivery/test_fork.py`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from otel_crumbs.base.fork import PerProcess

if TYPE_CHECKING:
    import pytest


def test_the_object_is_made_once() -> None:
    """There is none before the first use, and later uses get the same one."""
    made = PerProcess(list)

    before = made.get_if_made()
    first = made.get()

    assert before is None
    assert made.get() is first is made.get_if_made()


def test_another_process_gets_another_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child does not use its parent's connection."""
    made = PerProcess(list)
    parents = made.get()

    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert made.get_if_made() is None
    assert made.get() is not parents
