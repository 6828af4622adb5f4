"""What came out, in a terminal and on the page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .compare import Difference, PartResult
from .known import Known, find_known
from .outcomes import Outcome, summarise

HEAD = """\
| suite | Python | tests | fail without | fail with | differences | differed once |
|---|---|---|---|---|---|---|"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """
    What came out of a suite on a Python.

    Args:
        suite: Its name.
        python: The version.
        release: The release that the tests are of.
        whole: Whether all its parts were run.
        tests: The names of all tests that were run.
        failed: How many did not pass without otel_crumbs, and how many with it.
        differences: Those that differ each time.
        unsteady: Those that differed, but not each time.

    """

    suite: str
    python: str
    release: str
    whole: bool
    tests: tuple[str, ...]
    failed: tuple[int, int]
    differences: tuple[Difference, ...]
    unsteady: tuple[str, ...]

    @classmethod
    def from_parts(
        cls, suite: str, python: str, release: str, parts: Sequence[PartResult], *, whole: bool
    ) -> SuiteResult:
        """Add up the parts of a suite."""
        return cls(
            suite=suite,
            python=python,
            release=release,
            whole=whole,
            tests=tuple(test for part in parts for test in part.tests),
            failed=(sum(part.failed[0] for part in parts), sum(part.failed[1] for part in parts)),
            differences=tuple(difference for part in parts for difference in part.differences),
            unsteady=tuple(test for part in parts for test in part.unsteady),
        )


def save_result(result: SuiteResult, folder: Path) -> None:
    """Keep what came out of a suite, for the page."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.suite}-{result.python}.json"
    path.write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")


def read_results(folder: Path) -> list[SuiteResult]:
    """Read what came out of all suites that were run as a whole."""
    results = []
    for path in sorted(folder.glob("*.json")):
        read = json.loads(path.read_text(encoding="utf-8"))
        differences = tuple(
            Difference(
                **{**each, "without": Outcome(**each["without"]), "beside": Outcome(**each["beside"])},
            )
            for each in read["differences"]
        )
        found = {**read, "failed": tuple(read["failed"]), "differences": differences}
        results.append(SuiteResult(**{**found, "tests": tuple(read["tests"]), "unsteady": tuple(read["unsteady"])}))
    return [result for result in results if result.whole]


def table_of(results: Iterable[SuiteResult]) -> str:
    """Return the numbers, a row for each suite."""
    lines = [HEAD]
    for result in results:
        numbers = (len(result.tests), *result.failed, len(result.differences), len(result.unsteady))
        lines.append(f"| {result.suite} {result.release} | {result.python} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def list_differences(results: Iterable[SuiteResult], known: Sequence[Known]) -> Iterator[str]:
    """List the differences, each with the reason if there is one; a test's parameters make no line of their own."""
    for result in results:
        lines = Counter(line_of(result, difference, known) for difference in result.differences)
        for (line, reason), count in lines.items():
            yield f"{result.suite} {result.python}: {line}{f', {count} times' if count > 1 else ''}{reason}"


def line_of(result: SuiteResult, difference: Difference, known: Sequence[Known]) -> tuple[str, str]:
    """Return a difference in words, and the reason for it."""
    reason = find_known(known, result.suite, result.python, difference)
    test = difference.test.partition("[")[0]
    words = f"`{test}`: {words_of(difference.without)} without, {words_of(difference.beside)} with"
    return words, f" (known: {reason.why})" if reason else ""


def words_of(outcome: Outcome) -> str:
    """Return an outcome in a line."""
    said = summarise(outcome.message)
    return f"{outcome.kind} ({said})" if said else outcome.kind


def list_unknown(results: Iterable[SuiteResult], known: Sequence[Known]) -> list[Difference]:
    """List the differences that have no reason yet."""
    return [
        difference
        for result in results
        for difference in result.differences
        if find_known(known, result.suite, result.python, difference) is None
    ]


def list_gone(results: Iterable[SuiteResult], known: Iterable[Known]) -> list[Known]:
    """List the reasons for which there is no difference any more, though their tests were run."""
    results = list(results)
    return [each for each in known if was_run(each, results) and not is_seen(each, results)]


def was_run(known: Known, results: Iterable[SuiteResult]) -> bool:
    """Return whether a test that a reason is for was run."""
    return any(known.includes(result.suite, result.python, test) for result in results for test in result.tests)


def is_seen(known: Known, results: Iterable[SuiteResult]) -> bool:
    """Return whether a reason is needed, be it now and then."""
    return any(
        known.includes(result.suite, result.python, test)
        for result in results
        for test in [*(difference.test for difference in result.differences), *result.unsteady]
    )
