"""Tests of `otel_crumbs.shutdown.budget`."""

from __future__ import annotations

import threading

import pytest

from otel_crumbs.shutdown import ShutdownBudget


def test_the_budget_is_spent_once() -> None:
    """All ends of a process share it, one after or inside another."""
    given: list[float] = []
    budget = ShutdownBudget(0.2)

    def hang(seconds: float) -> None:
        given.append(seconds)
        threading.Event().wait(5)

    budget.spend(hang)
    budget.spend(given.append)

    assert given == [pytest.approx(0.2, abs=0.1), 0.0]
