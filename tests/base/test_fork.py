"""Tests of `otel_crumbs.base.fork`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from otel_crumbs.base.fork import PerProcess

if TYPE_CHECKING:
    import pytest


def test_the_object_is_made_once() -> None:
    """Nobody has asked for it before the first use."""
    made = PerProcess(list)

    before = made.get_if_made()
    first = made.get()

    assert before is None
    assert made.get() is first is made.get_if_made()


def test_another_process_gets_another_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forked child leaves its parent's connection alone."""
    made = PerProcess(list)
    parents = made.get()

    monkeypatch.setattr(os, "getpid", lambda: -1)

    assert made.get_if_made() is None
    assert made.get() is not parents
