"""The pages name all that users can set and call, and the commands in them are the ones that CI runs."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from otel_crumbs.cli import make_parser
from otel_crumbs.setup.config import SETTINGS

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
    rows = re.findall(r"^\| `([\w-]+?)` \|", text_of("CONTRIBUTING.md"), flags=re.MULTILINE)

    assert set(rows) == set(sessions)


def test_every_variable_is_documented() -> None:
    """The configuration page is written from the table in the code, and is up to date."""
    page = text_of("docs/configuration.md")

    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "settings_table.py", "--check"], capture_output=True, check=False, text=True
    )

    assert [setting.variable for setting in SETTINGS if f"### {setting.variable}\n" not in page] == []
    assert done.returncode == 0, done.stderr


def test_the_table_of_expected_exceptions_is_up_to_date() -> None:
    """The page is written from the table in the code."""
    command = [sys.executable, ROOT / "docs" / "expected_table.py", "--check"]

    done = subprocess.run(command, capture_output=True, check=False, text=True)

    assert done.returncode == 0, done.stderr


def test_the_page_of_privacy_has_every_attribute() -> None:
    """Whoever adds something to the event says there what it is, and how it is left out."""
    table = text_of("docs/event.md").partition("### Attributes")[2].partition("\n\nOTEL_CRUMBS")[0].partition("### ")[0]
    attributes = set(re.findall(r"^\| (`[^|]+) \|", table, flags=re.MULTILINE))
    names = {name for cell in attributes for name in re.findall(r"`([\w.]+)`", cell)}
    page = text_of("docs/privacy.md")

    assert len(names) > 20
    assert sorted(name for name in names if f"`{name}`" not in page) == []


def test_the_table_of_scrubbing_is_up_to_date() -> None:
    """The page is written from the table in the code."""
    command = [sys.executable, ROOT / "docs" / "scrubbing_table.py", "--check"]

    done = subprocess.run(command, capture_output=True, check=False, text=True)

    assert done.returncode == 0, done.stderr


def test_every_command_is_documented() -> None:
    """The pages name each command of `otel-crumbs` and each of its options."""
    pages = documentation()

    missing = [words for words in command_line(make_parser()) if words not in pages]

    assert missing == []


def command_line(top: argparse.ArgumentParser) -> Iterator[str]:
    """Iterate over the commands, as one types them, and their options."""
    [commands] = [action for action in top._actions if isinstance(action, argparse._SubParsersAction)]
    for name, command in commands.choices.items():
        yield f"otel-crumbs {name}"
        for action in command._actions:
            yield from (f"`{option}" for option in action.option_strings if option not in {"-h", "--help"})


def test_the_first_example_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """Somebody who copies it sees the same, but for ids and times."""
    readme = text_of("README.md")
    [code] = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    [shown] = re.findall(r"```text\n(.*?)```", readme, flags=re.DOTALL)
    program = tmp_path / "example.py"
    program.write_text(code, encoding="utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}

    done = subprocess.run(
        [sys.executable, program], capture_output=True, check=True, text=True, env=environ, timeout=60
    )

    assert freeze_event(shown) in freeze_event(done.stderr)


def freeze_event(text: str) -> str:
    """Return a text with ids and times made alike."""
    return re.sub(r"[0-9a-f]{32}|[-+]\d\.\d{3} s", "...", text)


def test_the_first_forty_lines_of_the_readme_have_an_example() -> None:
    """Who looks for a second knows what it is."""
    start = "\n".join(text_of("README.md").splitlines()[:40])

    assert "```python" in start
    assert start.count("```") % 2 == 0


def test_the_readme_and_the_index_list_every_page() -> None:
    """A page that neither leads to is not read."""
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    toctree = re.search(r"```{toctree}\n:hidden:\n\n(.*?)```", text_of("docs/index.md"), flags=re.DOTALL)

    assert toctree
    assert set(toctree[1].split()) == pages
    assert set(re.findall(r"\(docs/([\w-]+)\.md\)", text_of("README.md"))) == pages - {"changelog"}


def test_every_extra_is_documented() -> None:
    """Users find what to install."""
    missing = [name for name in metadata()["project"]["optional-dependencies"] if f"[{name}]" not in documentation()]

    assert missing == []


def test_addresses_of_the_project_lead_to_its_pages() -> None:
    """They are in the package's metadata; the host builds the pages as `nox -s docs` does."""
    urls = metadata()["project"]["urls"]
    building = text_of(".readthedocs.yaml")
    session = text_of("noxfile.py").partition("def docs(")[2].partition("@nox")[0]

    assert set(urls) == {"Changelog", "Documentation"}
    for url in urls.values():
        page = url.removeprefix("https://otel-crumbs.readthedocs.io/").rpartition("/")[2].removesuffix(".html")
        assert (ROOT / "docs" / f"{page or 'index'}.md").is_file()
    [extras] = re.findall(r"-e\.(\[.+?\])", session)
    assert f'pip install --group docs ".{extras}"' in building
    assert "configuration: docs/conf.py" in building


def test_changelog_fragments_have_valid_names() -> None:
    """Towncrier passes over what it does not know, and the note would be lost."""
    types = {each["directory"] for each in metadata()["tool"]["towncrier"]["type"]}

    names = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]

    wrong = [name for name in names if not re.fullmatch(rf"\d+\.({'|'.join(types)})(\.\d+)?\.md", name)]
    assert wrong == []
