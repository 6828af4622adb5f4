"""A statement that a hook of a library sees is a breadcrumb unless an instrumentation made a span of it."""

from __future__ import annotations

import time

import pytest

from otel_crumbs.sources.databases.statement import (
    StatementEntry,
    find_branch_without_span,
    record_statement,
    remove_last_span,
)
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import CHUNK, current
from otel_crumbs.trails.ring import MAX_NEWEST
from tests.application import Application, messages

DATABASE = {"db.system": "sqlite", "db.statement": "SELECT name FROM shop"}


@pytest.fixture(autouse=True)
def _installed(events: CapturedEvents) -> CapturedEvents:
    return events


def run_statement(started: int) -> None:
    """Record a statement as the hooks do."""
    record_statement("SELECT name FROM shop", started=started, system="sqlite", library="django")


def test_a_statement_of_which_a_span_has_ended_is_one_breadcrumb(app: Application) -> None:
    """The span is among the newest entries, and is still there as it is."""
    with app.request("GET /"):
        started = time.time_ns()
        with app.tracer.start_as_current_span("SELECT", attributes=DATABASE):
            pass
        run_statement(started)
        [newest] = current.find_branch().newest

        assert type(newest) not in (tuple, StatementEntry)
        assert messages() == ["SELECT name FROM shop"]


def test_a_statement_without_a_span_is_recorded(app: Application) -> None:
    """Neither a span of other work, nor one that is open, nor one of an earlier statement is its span."""
    with app.request("GET /"):
        with app.tracer.start_as_current_span("earlier", attributes=DATABASE):
            pass
        started = time.time_ns()
        with app.tracer.start_as_current_span("work"):
            pass
        with app.tracer.start_as_current_span("open", attributes=DATABASE):
            assert find_branch_without_span(started) is current.find_branch()
            run_statement(started)

        assert messages() == ["SELECT name FROM shop", "SELECT name FROM shop", "work", "SELECT name FROM shop"]


def test_a_span_is_found_behind_whatever_the_statement_left_after_it(app: Application) -> None:
    """Triggers and progress handlers may leave more breadcrumbs than stay among the newest."""
    with app.request("GET /"):
        started = time.time_ns()
        with app.tracer.start_as_current_span("SELECT", attributes=DATABASE):
            pass
        branch = current.find_branch()
        for _ in range(MAX_NEWEST + CHUNK):
            with app.tracer.start_as_current_span("step"):
                pass

        assert branch.newest
        assert find_branch_without_span(started) is None


def test_only_a_statement_that_is_noise_is_taken_back(app: Application) -> None:
    """The last entry may be of something else."""
    with app.request("GET /"):
        with app.tracer.start_as_current_span("SELECT", attributes=DATABASE):
            pass
        with app.tracer.start_as_current_span("work"):
            pass
        remove_last_span(lambda statement: statement == "SELECT name FROM shop")
        with app.tracer.start_as_current_span("SELECT", attributes=DATABASE):
            pass
        remove_last_span(lambda statement: statement == "SELECT name FROM shop")

        assert messages() == ["SELECT name FROM shop", "work"]
