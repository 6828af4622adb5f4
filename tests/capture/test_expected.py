"""Tests of `otel_crumbs.capture.expected`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.application import Application, fail, in_thread


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), asyncio.CancelledError()])
@pytest.mark.usefixtures("heard")
def test_the_ways_to_stop_are_no_events(stop: BaseException, app: Application, events: CapturedEvents) -> None:
    """Ctrl-C, exit codes, closed generators and cancelled tasks are no errors, whichever mechanism notices them."""
    with suppress(BaseException), app.request():
        raise stop
    in_thread(lambda: fail(stop))
    otel_crumbs.capture_exception(stop)
    logging.getLogger("shop").error("stopping", exc_info=stop)

    assert len(events) == 0


def test_a_cancelled_request_is_no_event(app: Application, events: CapturedEvents) -> None:
    """A client that went away cancels the task that serves it."""

    async def serve() -> None:
        with app.request():
            await asyncio.sleep(3600)

    async def main() -> None:
        task = asyncio.create_task(serve())
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())

    assert len(events) == 0
