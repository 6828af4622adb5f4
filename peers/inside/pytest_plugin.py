"""Outcomes of pytest, as they come: `python -m pytest -p peers_inside.pytest_plugin`."""

from __future__ import annotations

import pytest

from .record import record_outcome, record_start


def pytest_runtest_logstart(nodeid: str) -> None:
    """Tell that a test begins."""
    record_start(nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell of a test's own part, and of its setting up and tearing down where these did not pass."""
    if report.when == "call" or not report.passed:
        expected = "expected to fail: " if hasattr(report, "wasxfail") else ""
        record_outcome(report.nodeid, expected + report.outcome, "" if report.passed else describe_report(report))


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Tell of a file that cannot be imported."""
    if report.failed:
        record_outcome(f"{report.nodeid} (import)", "failed", describe_report(report))


def describe_report(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the traceback, or the reason for which a test was skipped."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2]
    return report.longreprtext
