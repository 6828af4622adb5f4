"""Outcomes of two runs can be compared."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from peers.outcomes import Outcome, combine, normalise, read_outcomes, summarise

ENDED = Outcome("ended")


def write_record(path: Path, *lines: tuple[str, ...]) -> Path:
    """Write lines as a suite's process writes them."""
    rows = [dict(zip(("test", "outcome", "message"), line, strict=False)) for line in lines]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_each_test_has_its_outcome(tmp_path: Path) -> None:
    """Also where one is started while another is not over."""
    record = write_record(tmp_path / "record", ("a",), ("a", "passed", ""), ("b",), ("b", "failed", "no"))

    assert read_outcomes(record, ENDED, {}) == {"a": Outcome("passed"), "b": Outcome("failed", "no")}


@pytest.mark.parametrize("kind", ["hangs", "died (-6)"])
def test_the_test_that_was_running_ended_as_its_process(kind: str, tmp_path: Path) -> None:
    """The ones before it keep their outcomes."""
    record = write_record(tmp_path / "record", ("a",), ("a", "passed", ""), ("b",))

    outcomes = read_outcomes(record, Outcome(kind, "words"), {})

    assert outcomes == {"a": Outcome("passed"), "b": Outcome(kind, "words")}


def test_a_process_that_ends_before_any_test_is_an_outcome(tmp_path: Path) -> None:
    """Else a suite that cannot be imported would show no difference."""
    outcomes = read_outcomes(tmp_path / "none", Outcome("died (2)", "no module"), {})

    assert outcomes == {"(process)": Outcome("died (2)", "no module")}


def test_messages_are_free_of_what_differs_in_each_run() -> None:
    """Paths, addresses, ports and times; lines and small numbers stay."""
    text = 'File "/a/b/with/x.py", line 1234, in f\n<object at 0x7f12ab> 6 != 5 port 54321 in 0.12345'

    assert normalise(text, {"/a/b": "<b>", "/a/b/with": "<with>"}) == (
        'File "<with>/x.py", line 1234, in f\n<object at 0x...> 6 != 5 port # in #.#'
    )


def test_parts_of_a_test_add_up() -> None:
    """A test fails if one of them fails."""
    assert combine(Outcome("failed", "a"), Outcome("failed", "b")) == Outcome("failed", "a\nb")
    assert combine(Outcome("passed"), Outcome("failed", "b")) == Outcome("failed", "b")
    assert combine(Outcome("failed", "a"), Outcome("passed")) == Outcome("failed", "a")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Traceback (most recent call last):\n  File ...\nValueError: no\n\nStdout:\nwords", "ValueError: no"),
        (">   f()\nE   ValueError: no\nE   more\nx.py:1: ValueError", "ValueError: no"),
        ("needs a terminal", "needs a terminal"),
        ("", ""),
    ],
)
def test_a_message_is_summarised_by_its_exception(message: str, said: str) -> None:
    """The one of pytest, of unittest, or the last line."""
    assert summarise(message) == said
