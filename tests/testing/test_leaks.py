"""The leak checks pass where trails are kept apart and fail where they are not."""

from __future__ import annotations

import asyncio
import logging

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
