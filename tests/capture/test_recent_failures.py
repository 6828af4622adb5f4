"""Failures of the last minute are known by their titles and places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_crumbs.capture import recent_failures
from otel_crumbs.capture.recent_failures import RecentFailures

if TYPE_CHECKING:
    import pytest


def test_a_failure_is_known_by_title_and_place() -> None:
    """A place that nobody knows may be any, and the first line of a message is enough."""
    failures = RecentFailures()
    failures.add("ValueError: boom\nmore", ("a.py", 1), "event")

    assert failures
    assert failures.find("ValueError: boom", ("a.py", 1)) == "event"
    assert failures.find("ValueError: boom", None) == "event"
    assert failures.find("ValueError: boom", ("a.py", 2)) is None
    assert failures.find("ValueError: bang", ("a.py", 1)) is None


def test_a_failure_is_taken_once() -> None:
    """The next one like it is another."""
    failures = RecentFailures()
    failures.add("ValueError: boom", None, "event")

    assert failures.take("ValueError: boom", ("a.py", 1)) == "event"
    assert failures.take("ValueError: boom", ("a.py", 1)) is None


def test_failures_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a minute, and when there are many newer ones."""
    failures = RecentFailures()
    for number in range(1000):
        failures.add(f"ValueError: {number}", None, str(number))

    assert failures.find("ValueError: 0", None) is None
    assert failures.find("ValueError: 999", None) == "999"
    monkeypatch.setattr(recent_failures, "_SECONDS", -1.0)
    assert failures.find("ValueError: 999", None) is None
