"""Tests of `otel_crumbs.base.instrumentations`."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from otel_crumbs.base.instrumentations import is_instrumentation_active


class Instrumentor:
    """An instrumentor as OpenTelemetry has them: one instance, whose `__init__` runs at every call of the class."""

    _instance: Instrumentor | None = None
    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.is_instrumented_by_opentelemetry = True


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Provide a module with an instrumentor."""
    made = ModuleType("an_instrumentation")
    made.Instrumentor = Instrumentor  # type: ignore[attr-defined]  # modules take any attribute
    monkeypatch.setitem(sys.modules, made.__name__, made)
    monkeypatch.setattr(Instrumentor, "_instance", None)
    return made


def test_one_that_was_never_used_is_not_active(module: ModuleType) -> None:
    """There is a class, and no instance of it."""
    assert is_instrumentation_active(module.__name__, "Instrumentor") is False


def test_an_active_one_is_asked_without_calling_its_class(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calling the class would run `__init__` on the one instance again."""
    monkeypatch.setattr(Instrumentor, "_instance", Instrumentor())
    made = Instrumentor.made

    assert is_instrumentation_active(module.__name__, "Instrumentor") is True
    assert Instrumentor.made == made


def test_one_that_is_not_there_is_not_imported() -> None:
    """A module that nobody has imported is not active."""
    assert is_instrumentation_active("no_such_instrumentation", "Instrumentor") is False
