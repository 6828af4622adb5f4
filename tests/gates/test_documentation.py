"""The pages name all that users can set and call, and the commands in them are the ones that CI runs."""

from __future__ import annotations

import re

from .project import ROOT, documentation, metadata, text_of


def test_ci_runs_the_test_command_of_the_readme() -> None:
    """What people are told to run is what is run on each change."""
    commands = re.findall(r"^python3 -m venv .*nox$", text_of("README.md"), flags=re.MULTILINE)

    assert len(commands) == 1
    assert commands[0] in text_of(".ci/run").splitlines()
    assert commands[0] in text_of("CONTRIBUTING.md").splitlines()


def test_contributing_lists_every_gate() -> None:
    """A session of noxfile.py that nobody knows of would not be run."""
    sessions = re.findall(r"^@nox\.session.*\ndef (\w+)", text_of("noxfile.py"), flags=re.MULTILINE)
    rows = re.findall(r"^\| `([\w-]+?)(?:-3\.X)?` \|", text_of("CONTRIBUTING.md"), flags=re.MULTILINE)

    assert set(rows) == set(sessions)


def test_every_extra_is_documented() -> None:
    """Users find what to install."""
    missing = [name for name in metadata()["project"]["optional-dependencies"] if f"[{name}]" not in documentation()]

    assert missing == []


def test_changelog_fragments_have_valid_names() -> None:
    """Towncrier passes over what it does not know, and the note would be lost."""
    types = {each["directory"] for each in metadata()["tool"]["towncrier"]["type"]}

    names = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]

    wrong = [name for name in names if not re.fullmatch(rf"\d+\.({'|'.join(types)})(\.\d+)?\.md", name)]
    assert wrong == []
