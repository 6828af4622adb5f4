"""Starting a task is watched, and nobody notices."""

from __future__ import annotations

import asyncio
import sys
import traceback

import pytest

from otel_crumbs.testing import capture_events


async def nothing() -> None:
    """Do nothing."""


@pytest.mark.usefixtures("events")
def test_debug_mode_reports_where_the_application_started_a_task() -> None:
    """The last line of where a task was created is asyncio's own, as it is without us."""

    async def main() -> str:
        task = asyncio.create_task(nothing())
        await task
        created: traceback.StackSummary = task._source_traceback  # type: ignore[attr-defined]  # as asyncio's log has it
        return created[-1].filename

    assert asyncio.run(main(), debug=True).endswith("asyncio/tasks.py")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="CPython 3.10 lets nobody take out a frame")
@pytest.mark.usefixtures("events")
def test_a_task_that_cannot_be_started_raises_as_it_did() -> None:
    """The traceback has no line of ours."""

    async def main() -> list[str]:
        with pytest.raises(TypeError, match="coroutine") as caught:
            await asyncio.create_task(7)  # type: ignore[arg-type]  # that is what fails
        return [str(entry.path) for entry in caught.traceback]

    paths = asyncio.run(main())

    assert [path for path in paths if "otel_crumbs" in path and "tests" not in path] == []


def test_it_is_undone() -> None:
    """The loop's method is as it was."""
    before = asyncio.BaseEventLoop.create_task

    with capture_events():
        assert asyncio.BaseEventLoop.create_task is not before

    assert asyncio.BaseEventLoop.create_task is before
