"""Tests of `otel_crumbs.base.instrumentations`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import ModuleType

import pytest
from opentelemetry.instrumentation import utils
from opentelemetry.trace import NoOpTracer

from otel_crumbs.base.instrumentations import (
    is_instrumentation_active,
    is_instrumentation_enabled,
    is_traced_http_call,
    suppress_instrumentation,
)
from tests.application import Application


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


@pytest.mark.parametrize("suppress", [suppress_instrumentation, utils.suppress_instrumentation])
def test_suppression_is_that_of_opentelemetry(suppress: Callable[[], AbstractContextManager[None]]) -> None:
    """Whoever suppresses, this package or OpenTelemetry's own function, suppresses for both, and only in the block."""

    def ask() -> list[bool]:
        return [
            is_instrumentation_enabled(),
            utils.is_instrumentation_enabled(),
            utils.is_http_instrumentation_enabled(),
        ]

    with suppress():
        inside = ask()

    assert inside == [False] * 3
    assert ask() == [True] * 3


def test_an_instrumented_client_of_http_is_known(app: Application) -> None:
    """It suppresses what it is built on, and has a span for its call if there is an SDK."""
    known = []
    for tracer in (app.tracer_provider.get_tracer("shop"), NoOpTracer()):
        with tracer.start_as_current_span("GET"):
            known.append(is_traced_http_call())
            with utils.suppress_http_instrumentation():
                known.append(is_traced_http_call())

    assert known == [False, True, False, False]
