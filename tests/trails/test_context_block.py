"""What the application says its work is for: in blocks, decorated calls, and until the operation ends."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.application import Application, fail


def said(events: CapturedEvents) -> dict[str, dict[str, Any]]:
    """Return of each event what the application said, by the exception's message."""
    return {event.exception.message: {name: event.attributes[name] for name in event.context} for event in events}


def report(message: str) -> None:
    """Report an error right here."""
    otel_crumbs.capture_exception(LookupError(message))


def test_a_block_is_for_what_happens_in_it(events: CapturedEvents) -> None:
    """Inner blocks add to it, override it and take away from it."""
    report("before")
    with otel_crumbs.context(user_id=7, tenant="acme"):
        report("in it")
        with otel_crumbs.context(user_id=8, order=3):
            report("deeper")
        with otel_crumbs.context(user_id=None):
            report("nobody")
        report("in it again")
    report("after")

    assert said(events) == {
        "before": {},
        "in it": {"user.id": 7, "tenant": "acme"},
        "deeper": {"user.id": 8, "tenant": "acme", "order": 3},
        "nobody": {"tenant": "acme"},
        "in it again": {"user.id": 7, "tenant": "acme"},
        "after": {},
    }


def test_an_exception_keeps_what_it_was_raised_for(events: CapturedEvents) -> None:
    """It is reported where the block is left, and the context gone."""

    def fail() -> None:
        with otel_crumbs.operation("import"), otel_crumbs.context(order=3), otel_crumbs.context(line=1):
            raise ValueError("boom")

    with otel_crumbs.context(tenant="acme"), pytest.raises(ValueError, match="boom"):
        fail()

    assert said(events) == {"boom": {"tenant": "acme", "order": 3, "line": 1}}


def test_an_exception_that_was_raised_from_another_has_its_attributes_too(events: CapturedEvents) -> None:
    """The order that failed is in the error that is made of it."""

    def run() -> None:
        with otel_crumbs.operation("import"):
            try:
                with otel_crumbs.context(order=3):
                    fail(ValueError("boom"))
            except ValueError as error:
                raise LookupError("no import") from error

    with pytest.raises(LookupError):
        run()

    assert said(events) == {"no import": {"order": 3}}


def test_the_attributes_are_scrubbed(events: CapturedEvents) -> None:
    """A secret by its name or its shape goes, as everywhere."""
    given = {"password": "hunter2", "link": "https://ada:hunter2@shop.example/"}
    with otel_crumbs.context(**given):
        report("boom")

    assert "hunter2" not in str(events[0].attributes)
    assert set(events[0].context) == {"password", "link"}


@pytest.mark.usefixtures("events")
def test_the_block_hands_on_what_it_is_given() -> None:
    """Exceptions pass as they are, and nothing that a block is given is kept or changed."""
    error = ValueError("boom")
    given = {"id": 7}

    with pytest.raises(ValueError, match="boom") as raised, otel_crumbs.context(user=given):
        raise error

    assert raised.value is error
    assert given == {"id": 7}


def test_a_call_alone_lasts_until_the_operation_ends(events: CapturedEvents) -> None:
    """In whichever function and thread it is made."""

    def log_in() -> None:
        otel_crumbs.context(user_id=7)

    with otel_crumbs.operation("first"):
        log_in()
        otel_crumbs.context(tenant="acme")
        thread = threading.Thread(target=copy_context().run, args=(report, "in a thread"))
        thread.start()
        thread.join()
        report("first")
    with otel_crumbs.operation("second"):
        report("second")
    report("outside")

    assert said(events) == {
        "in a thread": {"user.id": 7, "tenant": "acme"},
        "first": {"user.id": 7, "tenant": "acme"},
        "second": {},
        "outside": {},
    }


def test_the_last_call_counts(events: CapturedEvents) -> None:
    """A block in it, and a call alone in the block, each for as long as it lasts."""
    with otel_crumbs.operation("import"):
        otel_crumbs.context(user_id=1)
        with otel_crumbs.context(user_id=2):
            report("block")
            otel_crumbs.context(user_id=3)
            report("call in the block")
        report("call")

    assert {name: each["user.id"] for name, each in said(events).items()} == {
        "block": 2,
        "call in the block": 3,
        "call": 3,
    }


def test_an_object_that_is_entered_is_for_the_block_alone(events: CapturedEvents) -> None:
    """Made in an operation it is not the operation's, whether it is entered or decorates."""
    with otel_crumbs.operation("import"):
        otel_crumbs.context(user_id=1)
        block = otel_crumbs.context(user_id=2, order=3)
        decorate = otel_crumbs.context(order=4)(report)
        with block:
            report("block")
        report("after")
        decorate("decorated")

    assert said(events) == {
        "block": {"user.id": 2, "order": 3},
        "after": {"user.id": 1},
        "decorated": {"user.id": 1, "order": 4},
    }


def test_an_operation_in_another_has_what_was_said_of_both(events: CapturedEvents) -> None:
    """What the inner one says is not the outer one's."""
    with otel_crumbs.operation("outer"):
        otel_crumbs.context(user_id=7)
        with otel_crumbs.operation("inner"):
            otel_crumbs.context(order=3)
            report("inner")
        report("outer")

    assert said(events) == {"inner": {"user.id": 7, "order": 3}, "outer": {"user.id": 7}}


def test_a_call_alone_outside_any_operation_is_for_nothing(
    events: CapturedEvents, caplog: pytest.LogCaptureFixture
) -> None:
    """The work that the thread does next may be somebody else's: one warning says what to do."""
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            otel_crumbs.context(user_id=7)
        with otel_crumbs.context(order=3):
            pass
        otel_crumbs.context(order=3)(report)
    report("boom")

    assert said(events) == {"boom": {}}
    assert [record.name for record in caplog.records] == ["otel_crumbs"]
    assert "Remedy: `with otel_crumbs.context(...):`" in caplog.text


def test_a_request_has_what_its_view_said(app: Application, events: CapturedEvents) -> None:
    """The span of a server ends after the context was detached, sampled or not."""

    def request(number: int) -> None:
        with app.request(f"GET /{number}"):
            otel_crumbs.context(user_id=number)
            with app.tracer.start_as_current_span("inner"), otel_crumbs.context(order=number):
                raise ValueError(f"boom {number}")

    for number in range(3):
        with suppress(ValueError):
            request(number)

    assert said(events) == {f"boom {number}": {"user.id": number, "order": number} for number in range(3)}
    assert all(event.span_id for event in events)


class TestDecorator:
    """Functions of all kinds."""

    def test_plain_and_async_functions(self, events: CapturedEvents) -> None:
        """Each call has the attributes, also of coroutines that take turns."""

        @otel_crumbs.context(tenant="acme")
        def plain(name: str) -> str:
            report(name)
            return name

        @otel_crumbs.context(tenant="acme")
        async def coroutine(name: str) -> None:
            await asyncio.sleep(0)
            report(name)

        async def outside() -> None:
            await asyncio.sleep(0)
            report("outside")

        async def run() -> None:
            await asyncio.gather(coroutine("one"), outside(), coroutine("two"))

        returned = plain("plain")
        asyncio.run(run())

        assert returned == "plain"
        assert inspect.iscoroutinefunction(coroutine)
        assert said(events) == {
            "plain": {"tenant": "acme"},
            "one": {"tenant": "acme"},
            "two": {"tenant": "acme"},
            "outside": {},
        }

    def test_generator_functions(self, events: CapturedEvents) -> None:
        """The attributes are there while the generator runs, and not for who takes what it yields."""

        @otel_crumbs.context(tenant="acme")
        def rows() -> Iterator[int]:
            report("row 1")
            yield 1
            report("row 2")
            yield 2

        for number in rows():
            report(f"consumer {number}")

        assert inspect.isgeneratorfunction(rows)
        assert said(events) == {
            "row 1": {"tenant": "acme"},
            "consumer 1": {},
            "row 2": {"tenant": "acme"},
            "consumer 2": {},
        }

    def test_async_generator_functions(self, events: CapturedEvents) -> None:
        """The same, for `async for`."""

        @otel_crumbs.context(tenant="acme")
        async def rows() -> AsyncIterator[int]:
            for number in (1, 2):
                await asyncio.sleep(0)
                report(f"row {number}")
                yield number

        async def run() -> None:
            async for number in rows():
                report(f"consumer {number}")

        asyncio.run(run())

        assert said(events) == {
            "row 1": {"tenant": "acme"},
            "consumer 1": {},
            "row 2": {"tenant": "acme"},
            "consumer 2": {},
        }


class TestGenerators:
    """A generator has no context of its own."""

    def test_blocks_of_generators_that_are_stepped_in_turn_keep_apart(self, events: CapturedEvents) -> None:
        """Each sees its own, and their consumer neither."""

        def rows(name: str) -> Iterator[None]:
            with otel_crumbs.context(name=name):
                for number in range(3):
                    report(f"{name} {number}")
                    yield

        with otel_crumbs.context(job="import"):
            one, two = rows("one"), rows("two")
            for number in range(2):
                next(one)
                next(two)
                report(f"consumer {number}")
            one.close()
            next(two)
            report("consumer 2")
            two.close()
        report("after")

        found = said(events)
        assert found.pop("after") == {}
        for message, attributes in found.items():
            name = message.partition(" ")[0]
            assert attributes == ({"job": "import"} | ({} if name == "consumer" else {"name": name})), message

    def test_a_generator_that_threads_step_keeps_its_attributes(self, events: CapturedEvents) -> None:
        """And leaves nothing in them."""

        def rows() -> Iterator[None]:
            with otel_crumbs.context(name="rows"):
                for number in range(4):
                    report(f"row {number}")
                    yield

        def step(generator: Iterator[None], number: int) -> None:
            next(generator, None)
            report(f"consumer {number}")

        generator = rows()
        with ThreadPoolExecutor(max_workers=1) as pool:
            for number in range(5):
                if number % 2:
                    pool.submit(step, generator, number).result()
                else:
                    step(generator, number)

        assert said(events) == {f"row {number}": {"name": "rows"} for number in range(4)} | {
            f"consumer {number}": {} for number in range(5)
        }

    def test_a_context_manager_made_of_a_generator_is_for_its_body(self, events: CapturedEvents) -> None:
        """`contextlib` runs it so that the body is in it."""

        @contextmanager
        def work_for(tenant: str) -> Iterator[None]:
            with otel_crumbs.context(tenant=tenant):
                yield

        with work_for("acme"):
            report("in it")
        report("after")

        assert said(events) == {"in it": {"tenant": "acme"}, "after": {}}

    @pytest.mark.parametrize("way", ["closed", "forgotten"])
    def test_a_generator_that_is_left_early_leaves_nothing(self, way: str, events: CapturedEvents) -> None:
        """Closed or forgotten, its attributes are gone."""

        def rows() -> Iterator[int]:
            with otel_crumbs.context(name="rows"):
                yield 1
                yield 2

        generator: Any = rows()
        next(generator)
        if way == "closed":
            generator.close()
        del generator
        gc.collect()
        report("after")

        assert said(events) == {"after": {}}


class TestTasks:
    """Work that goes on elsewhere has what was said where it was started."""

    def test_tasks_keep_what_they_were_started_with(self, events: CapturedEvents) -> None:
        """Beyond the end of the block, and none of their siblings'."""

        async def later(name: str) -> None:
            await asyncio.sleep(0.01)
            with otel_crumbs.context(step=name):
                await asyncio.sleep(0)
                await asyncio.to_thread(report, name)

        async def run() -> None:
            with otel_crumbs.context(user_id=7):
                tasks = [asyncio.create_task(later("one")), asyncio.create_task(later("two"))]
            report("starter")
            await asyncio.gather(*tasks)
            report("starter again")

        asyncio.run(run())

        assert said(events) == {
            "starter": {},
            "one": {"user.id": 7, "step": "one"},
            "two": {"user.id": 7, "step": "two"},
            "starter again": {},
        }

    def test_a_task_that_nobody_awaits_has_its_own(self, events: CapturedEvents) -> None:
        """Wherever the garbage collector comes upon it."""

        async def fail() -> None:
            raise ValueError("boom")

        async def run() -> None:
            with otel_crumbs.context(order=3):
                task = asyncio.create_task(fail())
            await asyncio.sleep(0)
            with otel_crumbs.context(order=4):
                del task
                gc.collect()

        asyncio.run(run())

        assert said(events) == {"boom": {"order": 3}}

    def test_a_generator_that_starts_a_task_hands_its_attributes_on(self, events: CapturedEvents) -> None:
        """The task copies the context of its starter."""

        async def later() -> None:
            await asyncio.sleep(0.01)
            report("task")

        async def rows() -> AsyncIterator[asyncio.Task[None]]:
            with otel_crumbs.context(name="rows"):
                yield asyncio.create_task(later())

        async def run() -> None:
            async for task in rows():
                report("consumer")
                await task

        asyncio.run(run())

        assert said(events) == {"consumer": {}, "task": {"name": "rows"}}

    def test_a_block_that_is_left_in_another_context_is_left(self, events: CapturedEvents) -> None:
        """Entered in a task and left in another, as frameworks do with dependencies."""

        async def run() -> None:
            block = otel_crumbs.context(order=3)
            await asyncio.create_task(_enter(block))
            report("starter")
            block.__exit__(None, None, None)
            report("after")

        async def _enter(block: otel_crumbs.context) -> None:
            block.__enter__()
            report("entered")

        asyncio.run(run())

        assert said(events) == {"entered": {"order": 3}, "starter": {}, "after": {}}


def test_the_attributes_reach_the_excepthook() -> None:
    """An exception that ends the program has them, when every context is gone."""
    program = (
        "import otel_crumbs\n"
        "otel_crumbs.install(exporter='console', before_send=lambda event: print(dict(event.attributes)))\n"
        "with otel_crumbs.context(order=3):\n"
        "    raise ValueError('boom')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert done.stdout.splitlines() == ["{'order': 3}"]
