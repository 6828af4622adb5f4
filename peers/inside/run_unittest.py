"""
Runs modules of CPython's own suite.

    python -m peers_inside.run_unittest test.test_logging
    python -m peers_inside.run_unittest test.test_logging --only test.test_logging.HandlerTest.test_name
"""

from __future__ import annotations

import argparse
import re
import sys
import unittest
from collections.abc import Collection, Iterator

from test import support

from .record import record_outcome
from .unittest_result import RecordingResult


def main() -> None:
    """Run what is wanted, and end as a suite that failed or not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("modules", nargs="+")
    parser.add_argument("--only", nargs="*", default=())
    options = parser.parse_args()
    # Nothing that needs the network, a screen or many gigabytes.
    support.use_resources = ()
    suite = unittest.defaultTestLoader.loadTestsFromNames(options.modules)
    if options.only:
        suite = unittest.TestSuite(select_tests(suite, options.only))
    result = unittest.TextTestRunner(resultclass=RecordingResult, verbosity=2).run(suite)
    if not options.only:
        # Its own runner says "env changed" of threads and processes that are left over.
        record_outcome("(left over)", "altered" if support.environment_altered else "unchanged")
    sys.exit(not result.wasSuccessful())


def select_tests(suite: unittest.TestSuite, only: Collection[str]) -> Iterator[unittest.TestCase]:
    """Choose tests by name; `setUpClass (module.Class)` and the like mean all of that class or module."""
    whole = [match[1] + "." for name in only if (match := re.fullmatch(r"\w+ \((.+)\)", name))]
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from select_tests(test, only)
        elif test.id() in only or test.id().startswith(tuple(whole)):
            yield test


if __name__ == "__main__":
    main()
