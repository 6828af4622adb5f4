"""What is installed is complete."""

from __future__ import annotations

from importlib.metadata import distribution, entry_points
from importlib.resources import files

import pytest

import otel_crumbs
from otel_crumbs.base.identity import VERSION

from .project import ROOT


def test_the_package_says_that_it_is_typed() -> None:
    """Without py.typed, type checkers would take everything for Any."""
    assert files(otel_crumbs).joinpath("py.typed").is_file()


def test_the_installed_version_is_that_of_the_project() -> None:
    """A stale installation would test something else."""
    assert distribution("otel-crumbs").version == VERSION


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("console_scripts", "otel-crumbs"),
        ("opentelemetry_environment_variables", "otel_crumbs"),
        ("opentelemetry_instrumentor", "otel_crumbs"),
    ],
)
def test_an_entry_point_loads(group: str, name: str) -> None:
    """What is declared in pyproject.toml exists."""
    [found] = entry_points(group=group, name=name)

    assert found.load() is not None


def test_the_wheel_has_the_example_shop() -> None:
    """`otel-crumbs demo` runs where there is no checkout."""
    package = files(otel_crumbs)
    if package == ROOT / "otel_crumbs":
        pytest.skip("installed from the checkout; the nox session `wheel` runs this against the wheel")

    assert package.joinpath("demo", "django_shop", "manage.py").is_file()
