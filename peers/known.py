"""The differences that are known, each with the reason. The list stays short: a run names those that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .compare import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    A difference that is known.

    Args:
        suite: The suite's name.
        test: The test's name, in which `*` stands for anything.
        why: The reason, in a line.
        pythons: The Pythons on which it is; empty for all.

    """

    suite: str
    test: str
    why: str
    pythons: tuple[str, ...] = ()

    def includes(self, suite: str, python: str, test: str) -> bool:
        """Return whether this is the reason for what a test shows."""
        here = not self.pythons or python in self.pythons
        return here and suite == self.suite and fnmatchcase(test, self.test.replace("[", "[[]"))


KNOWN: Sequence[Known] = (
    Known(
        suite="cpython",
        test="test.test_audit.AuditTest.test_gc",
        why="an audit hook sees that objects whose end may fail are looked for when a short process ends",
    ),
    Known(
        suite="cpython",
        test="test.test_trace.TestCoverage.test_coverage_ignore",
        why="a trace of every line that runs has those of the finder that waits for modules to hook",
    ),
)


def find_known(known: Iterable[Known], suite: str, python: str, difference: Difference) -> Known | None:
    """Find the reason for a difference."""
    return next((each for each in known if each.includes(suite, python, difference.test)), None)
