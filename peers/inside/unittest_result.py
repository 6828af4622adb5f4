"""Outcomes of `unittest`, as they come."""

from __future__ import annotations

import unittest
from typing import Any

from .record import record_outcome, record_start


class RecordingResult(unittest.TextTestResult):
    """Tells of each test beside printing it."""

    def startTest(self, test: unittest.TestCase) -> None:
        """Tell that it begins."""
        super().startTest(test)
        record_start(test.id())

    def addSuccess(self, test: unittest.TestCase) -> None:
        """Tell that it passed."""
        super().addSuccess(test)
        record_outcome(test.id(), "passed")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        """Tell that it failed."""
        super().addFailure(test, err)
        record_outcome(test.id(), "failed", self.failures[-1][1])

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        """Tell that it, or what is set up for it, raised."""
        super().addError(test, err)
        record_outcome(test.id(), "failed", self.errors[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        """Tell of a part that failed, under the name of the whole."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            [*_, (_, text)] = self.failures if issubclass(err[0], test.failureException) else self.errors
            record_outcome(test.id(), "failed", f"{subtest}\n{text}")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        """Tell why it was not run."""
        super().addSkip(test, reason)
        record_outcome(test.id(), "skipped", reason)

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        """Tell that it failed, as its authors know."""
        super().addExpectedFailure(test, err)
        record_outcome(test.id(), "expected to fail")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        """Tell that it passed against what its authors expect."""
        super().addUnexpectedSuccess(test)
        record_outcome(test.id(), "passed, expected to fail")
