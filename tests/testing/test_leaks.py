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
