"""System checks name what would leave an error without its story, and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.test import override_settings

import otel_crumbs

from .project import MIDDLEWARE


def ids() -> set[str]:
    """Return the ids of our warnings; each has a hint."""
    ours = [message for message in run_checks() if str(message.id).startswith("otel_crumbs.")]
    assert all(message.hint for message in ours)
    return {str(message.id) for message in ours}


@pytest.mark.usefixtures("events")
def test_a_good_project_has_no_warnings() -> None:
    """Installed, with an exporter and our middleware first."""
    assert ids() == set()


def test_being_turned_off_is_said() -> None:
    """W001: in INSTALLED_APPS, and nothing in place."""
    installation = otel_crumbs.install(enabled=False)

    assert ids() == {"otel_crumbs.W001"}

    installation.uninstall()


def test_events_that_go_nowhere_are_said() -> None:
    """W002: no exporter."""
    installation = otel_crumbs.install(exporter="none")

    assert ids() == {"otel_crumbs.W002"}

    installation.uninstall()


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        ([], {"otel_crumbs.W003"}),
        (["django.middleware.common.CommonMiddleware", MIDDLEWARE], {"otel_crumbs.W004"}),
    ],
)
def test_requests_without_an_operation_are_said(middleware: list[str], expected: set[str]) -> None:
    """W003: nothing opens an operation. W004: our middleware is not the first."""
    with override_settings(MIDDLEWARE=middleware):
        assert ids() == expected


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("OTEL_CRUMBS_MAX_BREADCRUMS", "50", {"otel_crumbs.W005"}),
        ("OTEL_CRUMBS_MAX_BREADCRUMBS", "many", {"otel_crumbs.W006"}),
        ("OTEL_CRUMBS_MAX_BREADCRUMBS", "50", set()),
    ],
)
def test_the_environment_is_read(
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    expected: set[str],
) -> None:
    """W005: a variable that we do not know. W006: a value that cannot be used."""
    monkeypatch.setenv(variable, value)

    assert ids() == expected


@pytest.mark.usefixtures("events")
def test_a_hook_that_cannot_be_imported_is_a_bad_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """W006, whatever its module raises: the checks run to their end."""
    (tmp_path / "hook_without_database.py").write_text("raise RuntimeError('no database')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("OTEL_CRUMBS_BEFORE_SEND", "hook_without_database:hook")

    assert ids() == {"otel_crumbs.W006"}
