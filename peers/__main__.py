"""
Run other people's test suites without otel_crumbs and with it, and print the differences.

    nox -s peers                                  all of them, on the oldest and the newest Python: more than an hour
    nox -s peers -- structlog django              only these
    nox -s peers -- cpython:test_logging          only a part of one
    nox -s peers -- --quick                       the few minutes that `nox -s everything` runs
    nox -s peers -- --python 3.11 cpython         on another Python
    nox -s peers -- --write                       put what came out last of each part into docs/peers.md

Ends with status 1 if there is a difference that peers/known.py has no reason for.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from .compare import compare_part
from .known import KNOWN
from .page import write_page
from .preparation import Interpreter, prepare
from .process import heed_signals
from .report import SuiteResult, list_differences, list_gone, list_unknown, read_results, save_result, table_of
from .selection import Selection, read_selections
from .suites import QUICK, SUITES

PROJECT = Path(__file__).parents[1]
BUILD = PROJECT / "build" / "peers"
RESULTS = BUILD / "results"


def main() -> None:
    """Run what is wanted."""
    options = parse_arguments()
    heed_signals()
    if options.write:
        write_page(read_results(RESULTS), KNOWN)
        return
    names = options.names or (QUICK if options.quick else SUITES)
    interpreters = choose_interpreters(options.interpreter, options.python, newest_only=options.quick)
    results = [
        run_suite(selection, interpreter) for interpreter in interpreters for selection in read_selections(names)
    ]
    print("", table_of(results), "", *list_differences(results, KNOWN), sep="\n")
    for each in list_gone(results, KNOWN):
        print(f"no longer differs, take it out of peers/known.py: {each.suite} {each.test}")
    unknown = list_unknown(results, KNOWN)
    if unknown:
        sys.exit(f"{len(unknown)} differences without a reason in peers/known.py")


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="nox -s peers --", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="SUITE[:PART]", help=f"of {', '.join(SUITES)}; all by default")
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, on the newest Python")
    parser.add_argument("--python", action="append", metavar="VERSION", help="the oldest and the newest by default")
    parser.add_argument("--write", action="store_true", help="write the table of docs/peers.md, and run nothing")
    parser.add_argument(
        "--interpreter",
        action="append",
        default=[],
        type=Interpreter.from_argument,
        metavar="VERSION=PATH",
        help="what nox found on this machine",
    )
    return parser.parse_args()


def choose_interpreters(
    found: Sequence[Interpreter], wanted: Iterable[str] | None, *, newest_only: bool
) -> Sequence[Interpreter]:
    """Choose the Pythons: those asked for, or the oldest and the newest that have CPython's tests."""
    if wanted:
        by_version = {interpreter.version: interpreter for interpreter in found}
        missing = [version for version in wanted if version not in by_version]
        if missing:
            sys.exit(f"no Python {', '.join(missing)} on this machine: there is {', '.join(by_version)}")
        return [by_version[version] for version in wanted]
    complete = [interpreter for interpreter in found if interpreter.has_tests]
    if not complete:
        sys.exit(
            "no Python here has the package `test` of CPython's own tests: "
            "install Debian's libpython3-testsuite, or a Python of pyenv"
        )
    return complete[-1:] if newest_only or len(complete) == 1 else [complete[0], complete[-1]]


def run_suite(selection: Selection, interpreter: Interpreter) -> SuiteResult:
    """Run a suite on a Python, and tell of each part when it is done."""
    suite = selection.suite
    name = f"{suite.name} on {interpreter.version}"
    print(f"{name}: making its environments", flush=True)
    places, tests, release = prepare(suite, interpreter, BUILD)
    chosen = selection.choose(suite.list_parts(tests))
    result = SuiteResult(suite=suite.name, python=interpreter.version, release=release)
    for number, part in enumerate(chosen, 1):
        begin = time.monotonic()
        found = SuiteResult.from_part(compare_part(places, part), result)
        print(f"{name} [{number}/{len(chosen)}] {part.name}: {describe(found)}, {time.monotonic() - begin:.0f} s")
        print(*(f"  {line}\n" for line in list_differences([found], KNOWN)), sep="", end="", flush=True)
        save_result(found, RESULTS / f"{suite.name}-{interpreter.version}" / f"{part.name}.json")
        result = result + found
    return result


def describe(result: SuiteResult) -> str:
    """Return what came out of a part, in a line."""
    if result.tests == ("(process)",):
        return "NOTHING WAS RUN"
    words = [f"{len(result.tests)} tests"]
    if any(result.failed):
        words.append(f"{result.failed[0]} fail without, {result.failed[1]} with")
    if result.unsteady:
        words.append(f"{len(result.unsteady)} differed once")
    return ", ".join([*words, f"{len(result.differences)} differences"])


if __name__ == "__main__":
    main()
