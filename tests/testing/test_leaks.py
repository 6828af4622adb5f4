"""The leak checks pass where trails are kept apart and fail where they are not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

import otel_crumbs
from otel_crumbs.testing import assert_no_leaks, capture_events


def test_work_that_records_in_its_own_operation_does_not_leak() -> None:
    """Plain functions on one thread, in pools and in copied contexts keep apart."""

    def work(token: str) -> None:
        otel_crumbs.record(f"working on {token}")
        logging.getLogger("work").info("token %s", token)

    with capture_events() as events:
        assert_no_leaks(events, work)


def test_coroutines_that_take_turns_do_not_leak() -> None:
    """Gathered tasks keep apart, also where they change places in the middle."""

    async def work(token: str) -> None:
        otel_crumbs.record(f"began {token}")
        await asyncio.sleep(0)
        otel_crumbs.record(f"went on with {token}")

    with capture_events() as events:
        assert_no_leaks(events, work)


def test_generators_do_not_leak() -> None:
    """Operations that generators open, read to the end, left early, or kept open by all pieces in turn."""
    kept: list[Iterator[str]] = []

    @otel_crumbs.operation()
    def decorated(token: str) -> Iterator[str]:
        otel_crumbs.record(f"decorated {token}")
        yield token

    def rows(token: str) -> Iterator[str]:
        with otel_crumbs.operation(f"rows of {token}"):
            otel_crumbs.record(f"row of {token}")
            yield token
            otel_crumbs.record(f"last row of {token}")

    def work(token: str) -> None:
        list(decorated(token))
        for _ in decorated(token):
            break
        generator = rows(token)
        next(generator)
        kept.append(generator)
        # Of a piece before this one, in whichever thread that was.
        next(kept.pop(0), None)
        otel_crumbs.record(f"worked on {token}")

    with capture_events() as events:
        assert_no_leaks(events, work)


def test_async_generators_and_forgotten_tasks_do_not_leak() -> None:
    """Streams that are left early, and tasks that fail after their piece, in whichever order."""

    async def stream(token: str) -> AsyncIterator[str]:
        async with otel_crumbs.operation(f"stream of {token}"):
            for number in range(3):
                await asyncio.sleep(0)
                otel_crumbs.record(f"part {number} of {token}")
                yield token

    async def later(token: str) -> None:
        await asyncio.sleep(0)
        otel_crumbs.record(f"later than {token}")

    async def work(token: str) -> None:
        otel_crumbs.record(f"began {token}")
        async for _ in stream(token):
            break
        task = asyncio.create_task(later(token))
        await asyncio.to_thread(otel_crumbs.record, f"thread of {token}")
        await asyncio.sleep(0)
        await task

    with capture_events() as events:
        assert_no_leaks(events, work)


def test_contexts_of_plain_work_do_not_leak() -> None:
    """Blocks, decorated functions, generators that other pieces step, and calls alone."""
    kept: list[Iterator[None]] = []

    @otel_crumbs.context(kind="decorated")
    def rows(token: str) -> Iterator[None]:
        with otel_crumbs.context(rows=token):
            yield
            otel_crumbs.record(f"second row of {token}")
            yield

    def work(token: str) -> None:
        otel_crumbs.record(f"began {token}")
        generator = rows(token)
        next(generator)
        kept.append(generator)
        # Of a piece before this one, in whichever thread that was.
        next(kept.pop(0), None)
        with otel_crumbs.context(order=token):
            otel_crumbs.record(f"worked on {token}")
        otel_crumbs.context(user_id=token)

    with capture_events() as events:
        assert_no_leaks(events, work)


def test_contexts_of_coroutines_do_not_leak() -> None:
    """Streams that are left early, forgotten tasks, threads of tasks, and calls alone in any of them."""
    forgotten: list[asyncio.Task[None]] = []

    async def stream(token: str) -> AsyncIterator[None]:
        async with otel_crumbs.context(stream=token):
            for _ in range(3):
                await asyncio.sleep(0)
                yield

    async def later(token: str) -> None:
        await asyncio.sleep(0)
        otel_crumbs.context(task=token)

    async def work(token: str) -> None:
        otel_crumbs.record(f"began {token}")
        async for _ in stream(token):
            break
        with otel_crumbs.context(order=token):
            forgotten.append(asyncio.create_task(later(token)))
            await asyncio.to_thread(otel_crumbs.context, user_id=token)
        await asyncio.sleep(0)

    with capture_events() as events:
        assert_no_leaks(events, work)


def test_an_attribute_of_another_is_found() -> None:
    """Work that is said to be for another piece fails the check."""
    reported: list[str] = []

    def work(token: str) -> None:
        otel_crumbs.record(f"working on {token}")
        otel_crumbs.context(order=reported[-1] if reported else token)
        reported.append(token)

    with capture_events() as events, pytest.raises(AssertionError, match="has attributes of"):
        assert_no_leaks(events, work)


def test_a_breadcrumb_of_another_is_found() -> None:
    """Work that tells of its predecessor fails the check, which names both."""
    reported: list[str] = []

    def work(token: str) -> None:
        otel_crumbs.record(f"working on {token} after {reported[-1:]}")
        reported.append(token)

    with capture_events() as events, pytest.raises(AssertionError, match="has breadcrumbs of"):
        assert_no_leaks(events, work)


def test_work_without_breadcrumbs_proves_nothing() -> None:
    """The check fails where the work leaves no breadcrumb to tell it by."""
    with capture_events() as events, pytest.raises(AssertionError, match="no breadcrumb of its own"):
        assert_no_leaks(events, len)
