"""Subprocesses that uvloop starts."""

from __future__ import annotations

import asyncio
import inspect
import sys
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import capture_events
from otel_crumbs.trails import Breadcrumb

uvloop = pytest.importorskip("uvloop")

PYTHON = [sys.executable, "-c"]
NAME = Path(sys.executable).name
SLEEP = [*PYTHON, "import time; time.sleep(60)"]


@pytest.fixture(autouse=True)
def _installed(_nothing_left_over: None) -> Iterator[None]:
    with capture_events():
        yield


def subprocesses() -> list[Breadcrumb]:
    """Return the trail without the warnings that asyncio logs where the machine is busy."""
    return [each for each in otel_crumbs.trail() if each.category == "subprocess"]


def run_in_uvloop(coroutine: Any) -> Any:
    """Run a coroutine in an event loop of uvloop's."""
    loop = uvloop.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def test_a_subprocess_belongs_to_the_task_that_started_it() -> None:
    """Whoever waits for it has the breadcrumb already; it is one, with program, exit status and duration."""

    async def run(status: int) -> list[Breadcrumb]:
        program = [*PYTHON, f"raise SystemExit({status})", "--token", "hunter2"]
        child = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
        await child.communicate()
        return subprocesses()

    async def run_all() -> list[list[Breadcrumb]]:
        shell = await asyncio.create_subprocess_shell("exit 4")
        await shell.wait()
        return await asyncio.gather(run(0), run(3))

    trails = run_in_uvloop(run_all())

    messages = [[each.message.partition(" in ")[0] for each in trail] for trail in trails]
    assert messages == [["exit 4 -> 4", f"{NAME} -> {status}"] for status in (0, 3)]
    assert trails[0][-1].data["arguments"][-2:] == ["--token", "[scrubbed: token]"]
    assert trails[0][-1].data["exit_status"] == 0
    assert all(each.duration_ms for trail in trails for each in trail)


def test_a_subprocess_that_is_killed_is_reported() -> None:
    """So is one that does not start."""

    async def run() -> list[Breadcrumb]:
        child = await asyncio.create_subprocess_exec(*SLEEP)
        child.kill()
        await child.wait()
        with pytest.raises(FileNotFoundError) as raised:
            await asyncio.create_subprocess_exec("/nonexistent/hats", "--brim")
        assert not any("otel_crumbs" in str(entry.path) for entry in raised.traceback)
        return subprocesses()

    killed, missing = run_in_uvloop(run())

    assert killed.message.startswith(f"{NAME} -> SIGKILL after ")
    assert killed.level == "warning"
    assert missing.message.startswith("hats -> FileNotFoundError after ")
    assert missing.data["arguments"] == ["--brim"]


def test_a_subprocess_without_its_own_protocol_runs_as_before() -> None:
    """Its protocol is told of the end, and no other one is asked."""
    ended: list[int] = []

    class Protocol(asyncio.SubprocessProtocol):
        def process_exited(self) -> None:
            ended.append(1)

    async def run() -> Any:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(Protocol, *PYTHON, "")
        while not ended:  # noqa: ASYNC110 - it is a callback
            await asyncio.sleep(0.01)
        transport.close()
        return protocol

    assert type(run_in_uvloop(run())) is Protocol


def test_undoing_puts_the_methods_back() -> None:
    """Until then they look as they did, though uvloop's are compiled."""
    names = ("subprocess_exec", "subprocess_shell")
    hooked = [getattr(uvloop.Loop, name) for name in names]
    exited = vars(SubprocessStreamProtocol)["process_exited"]
    looked = [inspect.iscoroutinefunction(each) for each in hooked]

    otel_crumbs.uninstall()

    own = [getattr(uvloop.Loop, name) for name in names]
    assert not set(names).intersection(vars(uvloop.Loop))
    assert [(each.__name__, each.__doc__) for each in hooked] == [(each.__name__, each.__doc__) for each in own]
    assert looked == [True, True]
    assert vars(SubprocessStreamProtocol)["process_exited"] is not exited
