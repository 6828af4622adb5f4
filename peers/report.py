"""What came out, in a terminal and on the page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
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
        tests: The names of all tests that were run.
        failed: How many did not pass without otel_crumbs, and how many with it.
        differences: Those that differ each time.
        unsteady: Those that differed, but not each time.

    """

    suite: str
    python: str
    release: str
    tests: tuple[str, ...] = ()
    failed: tuple[int, int] = (0, 0)
    differences: tuple[Difference, ...] = ()
    unsteady: tuple[str, ...] = ()

    @classmethod
    def from_part(cls, part: PartResult, of: SuiteResult) -> SuiteResult:
        """Take a part's outcomes as those of a suite."""
        return replace(of, tests=part.tests, failed=part.failed, differences=part.differences, unsteady=part.unsteady)

    def __add__(self, part: SuiteResult) -> SuiteResult:
        return replace(
            self,
            tests=self.tests + part.tests,
            failed=(self.failed[0] + part.failed[0], self.failed[1] + part.failed[1]),
            differences=self.differences + part.differences,
            unsteady=self.unsteady + part.unsteady,
        )


def save_result(result: SuiteResult, path: Path) -> None:
    """Keep what came out of a part, for the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")


def read_results(folder: Path) -> list[SuiteResult]:
    """Read what came out last of each part, added up for each suite."""
    parts = [read_result(path) for path in sorted(folder.glob("*/*.json"))]
    by_suite: dict[tuple[str, str], SuiteResult] = {}
    for part in parts:
        key = (part.suite, part.python)
        by_suite[key] = by_suite[key] + part if key in by_suite else part
    return [*by_suite.values()]


def read_result(path: Path) -> SuiteResult:
    """Read what came out of a part."""
    read = json.loads(path.read_text(encoding="utf-8"))
    read["differences"] = tuple(
        Difference(**{**each, "without": Outcome(**each["without"]), "beside": Outcome(**each["beside"])})
        for each in read["differences"]
    )
    for name in ("failed", "tests", "unsteady"):
        read[name] = tuple(read[name])
    return SuiteResult(**read)


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
