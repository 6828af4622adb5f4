"""Every dependency has a reason, and what the pages say about versions is so."""

from __future__ import annotations

import re

from .project import metadata, name_of, text_of


def declared() -> set[str]:
    """Return all that pyproject.toml asks for, except the project's own extras."""
    files = metadata()
    project = files["project"]
    lists = [
        project["dependencies"],
        files["build-system"]["requires"],
        *project["optional-dependencies"].values(),
        *files["dependency-groups"].values(),
    ]
    return {name_of(requirement) for requirements in lists for requirement in requirements} - {"otel-crumbs"}


def explained() -> set[str]:
    """Return the first column of the table in CONTRIBUTING.md."""
    table = text_of("CONTRIBUTING.md").partition("## Dependencies")[2]
    return set(re.findall(r"^\| ([\w.-]+) \| .+ \| .+ \|$", table, flags=re.MULTILINE)) - {"dependency"}


def test_every_dependency_has_a_reason() -> None:
    """The table of CONTRIBUTING.md has a row for each, and no row for what is gone."""
    assert explained() == declared()


def test_the_readme_states_the_oldest_opentelemetry() -> None:
    """It is the lower bound of pyproject.toml."""
    bounds = dict(requirement.split(">=") for requirement in metadata()["project"]["dependencies"])

    assert f"{bounds['opentelemetry-sdk']} / {bounds['opentelemetry-instrumentation']}" in text_of("README.md")


def test_all_opentelemetry_packages_are_of_one_release() -> None:
    """Bounds of two releases could not be installed together."""
    project = metadata()["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    requirements = [requirement for each in lists for requirement in each if requirement.startswith("opentelemetry-")]

    bounds = {requirement.partition(">=")[2] for requirement in requirements}

    assert bounds == {"1.38.0", "0.59b0"}
