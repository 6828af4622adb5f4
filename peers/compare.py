"""Runs a part on both sides, and what differs again, until it is sure that it does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from .outcomes import FINE, NOT_RUN, Outcome, stops
from .process import Place, end_all, run_part
from .suites import Part

AGAIN = 3
# For tests that are run again.
SECONDS = 300

# The name under which `inside/run_unittest.py` tells of threads and processes that are left over.
LEFT_OVER = "(left over)"

Outcomes = Mapping[str, Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A test that goes one way without otel_crumbs and another way with it, each time."""

    part: str
    test: str
    without: Outcome
    beside: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class PartResult:
    """
    What came out of a part.

    Args:
        tests: The names of all tests.
        failed: How many did not pass without otel_crumbs, and how many with it.
        differences: Those that differ each time.
        unsteady: Those that differed, but not each time they were run again.

    """

    tests: tuple[str, ...]
    failed: tuple[int, int]
    differences: tuple[Difference, ...] = ()
    unsteady: tuple[str, ...] = ()


def compare_part(places: Sequence[Place], part: Part) -> PartResult:
    """Run a part on both sides at once; then what differs one side after the other."""
    without, beside = run_at_once(places, part)
    tests = tuple(dict.fromkeys([*without, *beside]))
    first = differing(tests, without, beside)
    sure = confirm(places, part, first, (without, beside))
    return PartResult(
        tests=tests,
        failed=(count_failed(without), count_failed(beside)),
        differences=tuple(
            Difference(part=part.name, test=test, without=without.get(test, NOT_RUN), beside=beside.get(test, NOT_RUN))
            for test in sure
        ),
        unsteady=tuple(test for test in first if test not in sure),
    )


def run_at_once(places: Sequence[Place], part: Part) -> Sequence[Outcomes]:
    """Run a part on all sides at once; an interrupt ends them all."""
    with ThreadPoolExecutor(len(places)) as pool:
        waiting = [pool.submit(run_part, place, part) for place in places]
        try:
            return [future.result() for future in waiting]
        except KeyboardInterrupt:
            end_all()
            raise


def confirm(places: Sequence[Place], part: Part, tests: Collection[str], first: tuple[Outcomes, Outcomes]) -> list[str]:
    """Run tests again, each side by itself, and return those that differ each time."""
    rounds = [first]
    left = list(tests)
    short = replace(part, seconds=min(part.seconds, SECONDS))
    for _ in range(AGAIN):
        if not left:
            break
        # One that stops the process would take the others along.
        alone = {test for test in left if any(stops(outcomes.get(test)) for pair in rounds for outcomes in pair)}
        without, beside = ({**run_again(place, short, alone, left)} for place in places)
        rounds.append((without, beside))
        left = differing(left, without, beside)
    return [test for test in left if not wavers(test, rounds)]


def run_again(place: Place, part: Part, alone: Collection[str], tests: Collection[str]) -> Outcomes:
    """Run some tests again: those that stop the process in processes of their own, the others in one."""
    found: dict[str, Outcome] = {}
    # What is not a test but told of all of them needs all of them.
    if any(test.startswith("(") for test in tests):
        found.update(run_part(place, part))
    together = [test for test in tests if test not in alone and not test.startswith("(")]
    for only in [*([test] for test in alone if not test.startswith("(")), *([together] if together else [])]:
        found.update(run_part(place, part, [test.removesuffix(" (import)") for test in only]))
    return found


def differing(tests: Iterable[str], without: Outcomes, beside: Outcomes) -> list[str]:
    """List the tests that went another way on the other side."""
    different = [test for test in tests if without.get(test) != beside.get(test)]
    # Of a process that did not come to its end nothing is told but the test that it ended with.
    return [test for test in different if test != LEFT_OVER or (test in without and test in beside)]


def wavers(test: str, rounds: Sequence[tuple[Outcomes, Outcomes]]) -> bool:
    """Return whether a test's message is another one each time without otel_crumbs too, and nothing else differs."""
    pairs = [(without.get(test, NOT_RUN), beside.get(test, NOT_RUN)) for without, beside in rounds]
    same_kinds = any(without.kind == beside.kind for without, beside in pairs)
    return same_kinds and len({without for without, _ in pairs}) > 1


def count_failed(outcomes: Outcomes) -> int:
    """Return how many tests did not go as their authors want."""
    return sum(outcome.kind not in FINE for outcome in outcomes.values())
