"""Known differences have a reason, and a run names those that are gone."""

from __future__ import annotations

from pathlib import Path

from peers.compare import Difference
from peers.known import KNOWN, Known
from peers.outcomes import Outcome
from peers.report import SuiteResult, list_differences, list_gone, list_unknown, read_results, save_result, table_of
from peers.suites import SUITES

REASON = Known(suite="structlog", test="tests/test_e2e.py::test_it[*", why="a reason")
PASSED, FAILED = Outcome("passed"), Outcome("failed", "ValueError: no")


def result_of(*differing: str, unsteady: tuple[str, ...] = (), tests: tuple[str, ...] = ()) -> SuiteResult:
    """Return what came out of a suite in which these tests differ."""
    return SuiteResult(
        suite="structlog",
        python="3.11",
        release="26.1.0",
        tests=(*differing, *unsteady, *tests),
        failed=(0, len(differing)),
        differences=tuple(Difference(part="tests", test=test, without=PASSED, beside=FAILED) for test in differing),
        unsteady=unsteady,
    )


def test_a_reason_is_for_all_that_its_pattern_includes() -> None:
    """Brackets in a pattern are those of pytest's parameters."""
    result = result_of("tests/test_e2e.py::test_it[a]", "tests/test_e2e.py::test_more[a]")

    assert [each.test for each in list_unknown([result], [REASON])] == ["tests/test_e2e.py::test_more[a]"]


def test_a_reason_can_be_for_one_python() -> None:
    """It does not hide the difference on another."""
    only = Known(suite="structlog", test="*", why="a reason", pythons=("3.10",))

    assert len(list_unknown([result_of("a")], [only])) == 1


def test_a_reason_that_is_not_needed_is_named() -> None:
    """But not where its tests were not run, or differ now and then."""
    assert list_gone([result_of(tests=("tests/test_e2e.py::test_it[a]",))], [REASON]) == [REASON]
    assert list_gone([result_of(tests=("tests/other.py::test_it",))], [REASON]) == []
    assert list_gone([result_of(unsteady=("tests/test_e2e.py::test_it[a]",))], [REASON]) == []


def test_parameters_of_a_test_share_a_line() -> None:
    """Twenty-seven alike are one thing to look at."""
    result = result_of("tests/test_e2e.py::test_it[a]", "tests/test_e2e.py::test_it[b]")

    words = "passed without, failed (ValueError: no) with, 2 times (known: a reason)"
    assert list(list_differences([result], [REASON])) == [f"structlog 3.11: `tests/test_e2e.py::test_it`: {words}"]


def test_the_table_has_a_row_for_each_suite() -> None:
    """The numbers of the page."""
    assert table_of([result_of("a", unsteady=("b",), tests=("c",))]).splitlines()[2:] == [
        "| structlog 26.1.0 | 3.11 | 3 | 0 | 1 | 1 | 1 |"
    ]


def test_parts_that_were_run_at_different_times_add_up(tmp_path: Path) -> None:
    """A part that is run again takes the place of what came out of it before."""
    for part, result in (("one", result_of("a")), ("two", result_of("b", unsteady=("c",))), ("one", result_of("d"))):
        save_result(result, tmp_path / "structlog-3.11" / f"{part}.json")

    assert read_results(tmp_path) == [result_of("d") + result_of("b", unsteady=("c",))]


def test_known_differences_are_of_suites_that_there_are() -> None:
    """Each says why in one line."""
    assert {each.suite for each in KNOWN} <= set(SUITES)
    assert [each for each in KNOWN if not each.why or "\n" in each.why] == []
