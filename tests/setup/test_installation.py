"""Tests of `otel_crumbs.setup.installation`: it puts every hook in place, and undoes them all."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import otel_crumbs
from otel_crumbs.sources.logs.thresholds import thresholds
from otel_crumbs.testing import capture_events
from otel_crumbs.trails import current
from tests.application import Application, no_global_providers, running_application
from tests.hooked import provider_parts, python_hooks

if TYPE_CHECKING:
    import pytest


def test_uninstalling_undoes_everything(app: Application) -> None:
    """Hooks, methods, processors, samplers and limits are what they were, the very same objects."""
    before = python_hooks(), provider_parts(app), current.size, thresholds.of("shop")

    installation = otel_crumbs.install(exporter="none", max_breadcrumbs=7, log_level="error")
    during = python_hooks(), provider_parts(app)
    installation.uninstall()

    changed = [name for name, hook in during[0].items() if hook is not before[0][name]]
    assert set(changed) >= set(before[0]) - {"setter of tracer providers", "setter of logger providers"}
    assert all(during[1][name] != part for name, part in before[1].items())
    assert (python_hooks(), provider_parts(app), current.size, thresholds.of("shop")) == before


def test_uninstalling_without_an_sdk_undoes_everything() -> None:
    """The wait for a provider ends too."""
    with no_global_providers():
        before = python_hooks()

        otel_crumbs.install(exporter="none")
        during = python_hooks()
        otel_crumbs.uninstall()

        assert [name for name, hook in during.items() if hook is before[name]] == []
        assert python_hooks() == before


def test_a_hook_that_fails_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch, guarded_failures: list[tuple[str, Exception]]
) -> None:
    """One hook that cannot be put in place is left out and said; the others are there."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no hook today")

    monkeypatch.setattr("otel_crumbs.capture.excepthooks.install_threading_excepthook", broken)
    with capture_events() as events:
        otel_crumbs.capture_exception(ValueError("boom"))

        assert len(events) == 1
    assert [str(error) for _, error in guarded_failures] == ["no hook today"]
    guarded_failures.clear()


def test_uninstalling_delivers_what_waits() -> None:
    """Events that were captured before arrive."""
    with capture_events() as events:
        otel_crumbs.capture_exception(ValueError("boom"))
        otel_crumbs.uninstall()

        assert len(events) == 1


def test_importing_and_installing_says_nothing() -> None:
    """No warning is raised by what we touch, in any release of OpenTelemetry."""
    with warnings.catch_warnings(record=True) as said, running_application():
        warnings.simplefilter("always")
        otel_crumbs.install(exporter="none")
        otel_crumbs.uninstall()

    assert [str(warning.message) for warning in said if "otel_crumbs" in str(warning.filename)] == []
