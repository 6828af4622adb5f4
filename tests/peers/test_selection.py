"""Suites and their parts are asked for by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from peers.selection import read_selections
from peers.suites import QUICK, SUITES, Part

PARTS = [Part(name=name, labels=(f"test.{name}",)) for name in ("test_asyncio.test_tasks", "test_logging", "test_log")]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["cpython"], ["test_asyncio.test_tasks", "test_logging", "test_log"]),
        (["cpython:test_logging"], ["test_logging"]),
        (["cpython:test_asyncio", "cpython:test_log"], ["test_asyncio.test_tasks", "test_log"]),
    ],
)
def test_parts_are_chosen_by_name(names: list[str], chosen: list[str]) -> None:
    """A package's name means all that is in it."""
    [selection] = read_selections(names)

    assert [part.name for part in selection.choose(PARTS)] == chosen


@pytest.mark.parametrize("name", ["nonsense", "cpython:nonsense"])
def test_a_name_that_is_none_ends_the_run(name: str) -> None:
    """It says what there is."""
    with pytest.raises(SystemExit, match="nonsense"):
        [selection.choose(PARTS) for selection in read_selections([name])]


def test_the_quick_ones_are_suites() -> None:
    """`nox -s everything` runs them."""
    assert {selection.suite.name for selection in read_selections(QUICK)} <= set(SUITES)


def test_modules_of_a_package_are_parts_of_their_own(tmp_path: Path) -> None:
    """A module that this Python lacks is none."""
    (tmp_path / "test_asyncio").mkdir()
    (tmp_path / "test_asyncio" / "test_tasks.py").touch()
    (tmp_path / "test_asyncio" / "utils.py").touch()
    (tmp_path / "test_logging.py").touch()

    parts = SUITES["cpython"].list_parts(tmp_path)

    assert [(part.name, part.labels) for part in parts] == [
        ("test_logging", ("test.test_logging",)),
        ("test_asyncio.test_tasks", ("test.test_asyncio.test_tasks",)),
    ]
