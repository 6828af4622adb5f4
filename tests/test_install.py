"""Tests of `otel_crumbs.install`: the process has one installation, and the public functions use it."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.install import get_installation
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import current
from tests.application import Application, messages
from tests.hooked import processors, provider_parts, python_hooks


def test_uninstalling_twice_or_never_installed_is_nothing() -> None:
    """It may stand in any teardown."""
    otel_crumbs.uninstall()

    installation = otel_crumbs.install(exporter="none")
    installation.uninstall()
    installation.uninstall()
    otel_crumbs.uninstall()

    assert installation.active is False
    assert get_installation() is None


def test_installing_twice_changes_nothing(app: Application) -> None:
    """The same settings, or none, give the installation that is there."""
    first = otel_crumbs.install(exporter="none", max_breadcrumbs=7)
    before = python_hooks(), provider_parts(app)

    second = otel_crumbs.install()
    third = otel_crumbs.install(exporter="none", max_breadcrumbs=7)

    assert first is second is third
    assert (python_hooks(), provider_parts(app)) == before


def test_installing_with_other_settings_starts_again(app: Application) -> None:
    """What was there is taken out first: hooks do not pile up."""
    before = python_hooks(), provider_parts(app)
    first = otel_crumbs.install(exporter="none", max_breadcrumbs=7)

    second = otel_crumbs.install(exporter="none", max_breadcrumbs=8)

    assert (first.active, second.active) == (False, True)
    assert current.size == 8
    assert len(processors(app)) == 1
    second.uninstall()
    assert (python_hooks(), provider_parts(app)) == before


def test_a_bad_option_leaves_what_is_installed_in_place() -> None:
    """The error is raised before anything is changed."""
    first = otel_crumbs.install(exporter="none")

    with pytest.raises(otel_crumbs.ConfigError):
        otel_crumbs.install(max_breadcrumbs="many")

    assert get_installation() is first
    assert first.active is True


def test_options_override_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said in code counts; what is not said there comes from the environment."""
    monkeypatch.setenv("OTEL_CRUMBS_MAX_BREADCRUMBS", "7")
    monkeypatch.setenv("OTEL_CRUMBS_FLUSH_TIMEOUT", "0.5")
    monkeypatch.setenv("OTEL_CRUMBS_EXPORTER", "console")

    installation = otel_crumbs.install(max_breadcrumbs=9, exporter="none")

    assert installation.config.max_breadcrumbs == 9
    assert installation.config.flush_timeout == 0.5
    assert installation.config.origins["flush_timeout"] == "OTEL_CRUMBS_FLUSH_TIMEOUT"
    assert installation.delivery.workers == ()


@pytest.mark.parametrize("variable", ["OTEL_SDK_DISABLED", "OTEL_CRUMBS_ENABLED"])
def test_who_turns_it_off_gets_nothing(
    variable: str, app: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No hook, no processor, no exporter; calls of ours are still harmless."""
    monkeypatch.setenv(variable, "true" if variable == "OTEL_SDK_DISABLED" else "false")
    before = python_hooks(), provider_parts(app)

    installation = otel_crumbs.install()
    otel_crumbs.record("harmless")
    reported = otel_crumbs.capture_exception(ValueError("boom"))

    assert (python_hooks(), provider_parts(app)) == before
    assert installation.active is False
    assert reported is None
    assert otel_crumbs.flush() is True
    assert "otel_crumbs.install()" in caplog.text


def test_flush_without_an_installation_is_true() -> None:
    """Nothing was captured, so nothing waits."""
    assert otel_crumbs.flush() is True


def test_many_threads_may_install_at_once(app: Application) -> None:
    """There is one installation, and one processor."""
    barrier = threading.Barrier(8)
    made: list[Any] = []

    def install() -> None:
        barrier.wait()
        made.append(otel_crumbs.install(exporter="none"))

    threads = [threading.Thread(target=install) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(installation) for installation in made}) == 1
    assert len(processors(app)) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("by_span", [True, False])
def test_a_forked_child_begins_with_an_empty_trail(app: Application, events: CapturedEvents, *, by_span: bool) -> None:
    """The breadcrumbs of the parent's request, or of its operation block, are the parent's alone."""
    reading, writing = os.pipe()
    with app.request("GET /") if by_span else otel_crumbs.operation("job"):
        otel_crumbs.record("parent")
        child = os.fork()
        if child == 0:
            try:
                otel_crumbs.record("child")
                otel_crumbs.capture_exception(ValueError("in the child"))
                # Garbage of other tests may come up in the child, too.
                ours = [event for event in events if event.exception.message == "in the child"]
                reported = [[crumb.message for crumb in event.breadcrumbs] for event in ours]
                os.write(writing, f"{messages()} {reported}".encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        parent = messages()
    os.close(writing)
    said = os.read(reading, 1000).decode()
    os.close(reading)

    assert said == "['child'] [['child']]"
    assert parent == ["parent"]
    assert len(events) == 0
