"""The story of an error: where it was raised and reported, and where those were raised that led to it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import queue
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import View, current, take_snapshot
from tests.application import Application
from tests.capture.programs import Program

logger = logging.getLogger("consumer")


@pytest.fixture(autouse=True)
def _lines() -> Iterator[None]:
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(logging.NOTSET)


def stories(events: CapturedEvents) -> dict[str, tuple[str | None, list[str]]]:
    """Return of each event, by its message, the operation and what its trail says."""
    return {
        event.exception.message: (
            event.operation,
            [crumb.message for crumb in event.breadcrumbs if crumb.type == "default" and crumb.category != "span"],
        )
        for event in events
    }


def fail(error: BaseException) -> NoReturn:
    """Fail."""
    raise error


def consume(number: int) -> None:
    """Work on a message, which fails, and so does what is done about it."""
    try:
        with otel_crumbs.operation(f"message {number}"):
            logger.info("working on %d", number)
            fail(ValueError(f"bad message {number}"))
    except ValueError:
        logger.info("putting %d aside", number)
        try:
            fail(ConnectionError(f"broker gone at {number}"))
        except ConnectionError:
            logger.exception("%d is lost", number)


def test_a_second_error_has_the_first_one_s_trail_and_its_own(events: CapturedEvents) -> None:
    """Message by message: what the loop did for the messages before is none of its story."""
    logger.info("consumer starts")
    for number in (1, 2):
        consume(number)

    assert stories(events) == {
        f"{what} {number}": (f"message {number}", trail)
        for number in (1, 2)
        for what, trail in {
            "bad message": [f"working on {number}"],
            "broker gone at": [f"working on {number}", f"putting {number} aside", f"{number} is lost"],
        }.items()
    }


def test_an_error_from_one_of_an_inner_operation_has_both_trails(app: Application, events: CapturedEvents) -> None:
    """The outer operation tells what it did before and after the inner one failed."""
    with suppress(RuntimeError), app.request("GET /order"):
        otel_crumbs.record("order loaded")
        try:
            with otel_crumbs.operation("charge"):
                otel_crumbs.record("card charged")
                fail(ValueError("refused"))
        except ValueError as refused:
            otel_crumbs.record("order cancelled")
            raise RuntimeError("no order") from refused

    assert stories(events) == {
        "refused": ("charge", ["card charged"]),
        "no order": ("GET /order", ["order loaded", "card charged", "order cancelled"]),
    }


def test_an_error_that_has_nothing_to_do_with_the_first_has_its_own_trail(events: CapturedEvents) -> None:
    """One raised from None, and one raised after the first was handled."""
    for number, context in enumerate((True, False)):
        error: BaseException | None = None
        try:
            with otel_crumbs.operation("first"):
                otel_crumbs.record("in the first")
                fail(ValueError(f"first {number}"))
        except ValueError:
            if context:
                with suppress(KeyError), otel_crumbs.operation("second"):
                    otel_crumbs.record("in the second")
                    raise KeyError(f"second {number}") from None
            else:
                error = KeyError(f"second {number}")
        if error is not None:
            with suppress(KeyError), otel_crumbs.operation("second"):
                otel_crumbs.record("in the second")
                raise error

    assert {message: found for message, found in stories(events).items() if "second" in message} == {
        f"'second {number}'": ("second", ["in the second"]) for number in (0, 1)
    }


def test_an_error_that_is_kept_and_reported_later_has_what_came_since(app: Application, events: CapturedEvents) -> None:
    """Where nothing goes on any more: in the loop that was given it, from the operation on."""
    kept: list[BaseException] = []
    otel_crumbs.record("before")
    with app.request("GET /"):
        try:
            with app.tracer.start_as_current_span("call"):
                otel_crumbs.record("called")
                fail(ValueError("kept"))
        except ValueError as error:
            kept.append(error)
    otel_crumbs.record("since")

    try:
        raise kept.pop()
    except ValueError:
        otel_crumbs.capture_exception()

    [(operation, trail)] = stories(events).values()
    assert operation == "GET /"
    assert trail == ["called", "since"]


def test_an_error_that_is_raised_from_a_kept_one_has_both_trails(events: CapturedEvents) -> None:
    """In an operation that has nothing else to do with the first."""
    kept: list[BaseException] = []
    try:
        with otel_crumbs.operation("check"):
            otel_crumbs.record("checked")
            fail(ValueError("not there"))
    except ValueError as error:
        kept.append(error)
    with suppress(RuntimeError), otel_crumbs.operation("report"):
        otel_crumbs.record("reporting")
        raise RuntimeError("checks failed") from kept.pop()

    assert stories(events)["checks failed"] == ("report", ["checked", "reporting"])


def test_a_group_has_the_trails_of_its_members(events: CapturedEvents) -> None:
    """Each failed in an operation of its own."""
    groups = pytest.importorskip("exceptiongroup") if sys.version_info < (3, 11) else __import__("builtins")
    errors = []
    for name in ("one", "two"):
        try:
            with otel_crumbs.operation(name):
                otel_crumbs.record(f"work of {name}")
                fail(ValueError(name))
        except ValueError as error:
            errors.append(error)
    with suppress(groups.ExceptionGroup), otel_crumbs.operation("all"):
        otel_crumbs.record("gathering")
        raise groups.ExceptionGroup("some failed", errors)

    *_, group = events
    assert [crumb.message for crumb in group.breadcrumbs] == ["work of one", "work of two", "gathering"]


def test_an_error_of_another_thread_has_what_its_thread_did(events: CapturedEvents) -> None:
    """A job fails, and what is done about it in the thread that waits fails as well."""

    def job() -> None:
        with otel_crumbs.operation("job"):
            otel_crumbs.record("job begins")
            fail(ValueError("job"))

    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(job).result()
        except ValueError as error:
            otel_crumbs.record("job failed")
            otel_crumbs.capture_exception(KeyError("unchained"))
            second = RuntimeError("second")
            second.__cause__ = error
            otel_crumbs.capture_exception(second)

    found = stories(events)
    assert found["job"] == ("job", ["job begins"])
    assert found["second"] == ("job", ["job begins", "job failed"])
    assert found["'unchained'"] == (None, ["job failed"])


def test_a_thread_that_an_earlier_operation_started_has_only_what_it_did_for_this_one(
    app: Application, events: CapturedEvents
) -> None:
    """A connection has one and outlives the request that opened it: what it did for others is no part of the story."""
    calls: queue.SimpleQueue[tuple[str, Future[None]] | None] = queue.SimpleQueue()

    def execute(statement: str) -> None:
        with app.tracer.start_as_current_span(statement):
            otel_crumbs.record(f"executing {statement}")
            fail(ValueError(statement))

    def serve() -> None:
        while call := calls.get():
            try:
                execute(call[0])
            except ValueError as error:
                call[1].set_exception(error)
                del error

    def ask(statement: str) -> None:
        answer: Future[None] = Future()
        calls.put((statement, answer))
        try:
            answer.result()
        except ValueError as error:
            raise RuntimeError(f"{statement} failed") from error

    with app.request("GET /first"):
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(serve,))
        thread.start()
        for number in range(current.size * 2):
            with suppress(RuntimeError):
                ask(f"{number}")
    with suppress(RuntimeError), app.request("GET /second"):
        otel_crumbs.record("before")
        ask("last")
    calls.put(None)
    thread.join()

    assert stories(events)["last failed"] == ("GET /second", ["before", "executing last"])
    assert events[-1].dropped == 0


def test_chains_of_tasks_have_no_steps_of_siblings(app: Application, events: CapturedEvents) -> None:
    """An error of one task, raised from that of another, has both of their steps and no third one's."""

    async def work(name: str) -> None:
        otel_crumbs.record(f"step of {name}")
        await asyncio.sleep(0)
        with app.tracer.start_as_current_span(f"call of {name}"):
            fail(ValueError(name))

    async def clean_up(error: BaseException) -> None:
        otel_crumbs.record("cleaning up")
        await asyncio.sleep(0)
        second = RuntimeError("clean-up")
        second.__cause__ = error
        otel_crumbs.capture_exception(second)

    async def main() -> None:
        with app.request("GET /"):
            one, _ = await asyncio.gather(work("one"), work("other"), return_exceptions=True)
            assert isinstance(one, ValueError)
            await asyncio.create_task(clean_up(one))

    asyncio.run(main())

    assert stories(events)["clean-up"] == ("GET /", ["step of one", "cleaning up"])


def test_a_snapshot_has_each_entry_and_each_open_span_once(app: Application, events: CapturedEvents) -> None:
    """Branches of one operation see the same things."""
    with app.request("GET /"), app.tracer.start_as_current_span("open"):
        otel_crumbs.record("note")
        branch = current.find_branch()
        seen: list[View] = []
        thread = threading.Thread(target=lambda: seen.append(View(current._find_own(branch))))
        thread.start()
        thread.join()

        snapshot = take_snapshot(View(branch), *seen, View(branch))

    assert len(snapshot.entries) == 2
    assert len(events) == 0


DIES = """
import otel_crumbs
otel_crumbs.record("program starts")

def work():
    with otel_crumbs.operation("import"):
        otel_crumbs.record("file opened")
        raise ValueError("bad row")

try:
    work()
except ValueError as error:
    otel_crumbs.record("cleaning up")
    {second}
"""


@pytest.mark.e2e
@pytest.mark.parametrize(
    "second",
    [
        'raise RuntimeError("import failed") from error',
        'raise RuntimeError("import failed")',
        """try:
        raise KeyError("temporary") from error
    except KeyError as inner:
        raise RuntimeError("import failed") from inner""",
    ],
)
def test_the_program_dies_of_an_error_with_both_trails(tmp_path: Path, second: str) -> None:
    """However long the chain is, and though every context is gone by then."""
    ended = Program(folder=tmp_path).run_both(DIES.format(second=second))

    assert sorted(ended.events) == [
        ("RuntimeError: import failed", "fatal", "excepthook", ["file opened", "cleaning up"]),
        ("ValueError: bad row", "error", "operation", ["file opened"]),
    ]
