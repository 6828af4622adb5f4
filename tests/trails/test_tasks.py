"""Starting a task is watched, and nobody notices."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events
from otel_crumbs.trails import Branch, current
from tests.application import messages

Factory = Callable[..., Any]
Frames = list[tuple[str, int | None, str]]


class Nameless(asyncio.Future[Any]):
    """A task of a library that is older than the names of tasks."""

    set_name = property()


def make_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """Return a task, as an application's own factory does."""
    return asyncio.Task(coroutine, loop=loop, **options)


def make_nameless(loop: asyncio.AbstractEventLoop, coroutine: Any, **_: Any) -> Any:
    """Return a task that takes no name."""
    coroutine.close()
    done = Nameless(loop=loop)
    done.set_result(None)
    return done


def new_loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Return the functions that make event loops, by name."""
    loops = {"asyncio": asyncio.new_event_loop}
    try:
        import uvloop  # noqa: PLC0415 - there is none for some systems
    except ImportError:
        return loops
    return loops | {"uvloop": uvloop.new_event_loop}


LOOPS = new_loops()
FACTORIES: tuple[Factory | None, ...] = (None, make_task)
# Each loop with each factory; uvloop has arguments for Python 3.14 that the eager factory of 3.12 does not take.
WAYS = [(loop, factory) for loop in LOOPS for factory in FACTORIES]
if hasattr(asyncio, "eager_task_factory"):
    WAYS.append(("asyncio", asyncio.eager_task_factory))


def run(main: Coroutine[Any, Any, Any], *, loop: str = "asyncio", factory: Factory | None = None) -> Any:
    """Run on a loop in debug mode, with a task factory."""

    async def begin() -> Any:
        asyncio.get_running_loop().set_task_factory(factory)
        return await main

    runs = LOOPS[loop]()
    runs.set_debug(True)
    # On a busy machine it would log how slow a step is, and the line is a breadcrumb.
    runs.slow_callback_duration = 60
    try:
        return runs.run_until_complete(begin())
    finally:
        runs.close()


def frames_of(summary: traceback.StackSummary) -> Frames:
    """Return the file, the line and the function of each frame."""
    return [(frame.filename, frame.lineno, frame.name) for frame in summary]


def without_lines_here(frames: Frames) -> Frames:
    """Return the frames, without the lines of the two calls of a test."""
    return [(file, None if file == __file__ else line, name) for file, line, name in frames]


async def nothing() -> Frames:
    """Return where the task was created."""
    created: traceback.StackSummary = asyncio.current_task()._source_traceback  # type: ignore[union-attr]  # as asyncio's log has it
    return frames_of(created)


async def show_stack() -> Frames:
    """Return the stack in which a task runs."""
    return frames_of(traceback.extract_stack())


async def raise_boom() -> Frames:
    """Fail."""
    raise ValueError("boom")


async def start(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Start a task; return its result, or the frames of its failure."""
    task = asyncio.create_task(work(), name="job")
    try:
        return await task
    except ValueError as error:
        return frames_of(traceback.extract_tb(error.__traceback__))


@pytest.mark.parametrize(("loop", "factory"), WAYS)
@pytest.mark.parametrize("work", [nothing, show_stack, raise_boom])
def test_the_stacks_of_tasks_are_those_without_us(work: Any, loop: str, factory: Factory | None) -> None:
    """Debug mode's "created at", the stack of a task that begins at once, and a traceback have no line of ours."""
    without = run(start(work), loop=loop, factory=factory)
    with capture_events():
        with_us = run(start(work), loop=loop, factory=factory)

    assert without
    assert without_lines_here(with_us) == without_lines_here(without)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there is no warning")
def test_the_warning_about_a_task_without_a_name_has_its_file() -> None:
    """The warning of Python 3.11 and 3.12 counts frames; later ones fail."""

    async def main() -> Any:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                await asyncio.get_running_loop().create_task(nothing(), name="job")
            except AttributeError as error:
                return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        return [(warning.filename, str(warning.message)) for warning in said]

    without = run(main(), factory=make_nameless)
    with capture_events():
        with_us = run(main(), factory=make_nameless)

    assert without
    assert with_us == without


@pytest.mark.usefixtures("events")
def test_a_task_that_cannot_be_started_raises_as_it_did() -> None:
    """The traceback has no line of ours."""

    async def main() -> list[str]:
        with pytest.raises(TypeError, match="coroutine") as caught:
            await asyncio.create_task(7)  # type: ignore[arg-type]  # that is what fails
        return [str(entry.path) for entry in caught.traceback]

    paths = asyncio.run(main())

    assert [path for path in paths if "otel_crumbs" in path and "tests" not in path] == []


@pytest.mark.parametrize(("loop", "factory"), WAYS)
@pytest.mark.usefixtures("events")
def test_a_task_sees_what_the_tasks_left_that_it_started(loop: str, factory: Factory | None) -> None:
    """It need not have recorded anything before; the two do not see each other."""
    seen: list[list[str]] = []

    async def leave(word: str) -> None:
        otel_crumbs.record(word)
        await asyncio.sleep(0)
        seen.append(messages())

    async def main() -> list[str]:
        await asyncio.gather(*(asyncio.create_task(leave(word)) for word in ("one", "two")))
        return messages()

    whole = run(main(), loop=loop, factory=factory)

    assert sorted(seen) == [["one"], ["two"]]
    assert sorted(whole) == ["one", "two"]


class Counting(asyncio.SelectorEventLoop):
    """A loop of an application's own."""

    started = 0

    def create_task(self, *args: Any, **kwargs: Any) -> Any:
        """Count the tasks."""
        self.started += 1
        return super().create_task(*args, **kwargs)


def test_a_loop_of_an_applications_own_is_watched_too(events: CapturedEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its method calls the one that it inherits."""
    monkeypatch.setitem(LOOPS, "its own", Counting)

    test_a_task_sees_what_the_tasks_left_that_it_started("its own", None)

    assert list(events) == []


def test_the_method_is_what_it_was() -> None:
    """The class has another object under the name, and hands out the method that it had."""
    before = vars(asyncio.BaseEventLoop)["create_task"]
    signature = inspect.signature(asyncio.BaseEventLoop.create_task)

    with capture_events():
        assert vars(asyncio.BaseEventLoop)["create_task"] is not before
        assert asyncio.BaseEventLoop.create_task is before
        assert inspect.signature(asyncio.BaseEventLoop.create_task) == signature

    assert vars(asyncio.BaseEventLoop)["create_task"] is before


@pytest.mark.usefixtures("events")
def test_a_thread_for_which_a_task_stands_still_has_a_branch_of_its_own() -> None:
    """The task is the current one of its loop meanwhile, and its context is the thread's."""

    def work(places: list[Branch]) -> None:
        otel_crumbs.record("in the thread")
        places.append(current.find_branch())

    async def main() -> tuple[list[Branch], list[str]]:
        with otel_crumbs.operation("order"):
            otel_crumbs.record("in the task")
            places = [current.find_branch()]
            thread = threading.Thread(target=contextvars.copy_context().run, args=(work, places))
            thread.start()
            thread.join()
            return places, messages()

    places, seen = asyncio.run(main())

    assert places[1] is not places[0]
    assert places[1] in places[0].iterate_descendants()
    assert seen == ["in the task", "in the thread"]


class Bare:
    """A task of a library's own: a step of a coroutine, and nothing that tells of its loop."""

    def get_name(self) -> str:
        """Return the name that a branch shows."""
        return "bare"


@pytest.mark.usefixtures("events")
def test_a_task_without_a_loop_to_ask_for_has_a_trail() -> None:
    """All that asyncio asks of a task is to be entered and left."""

    async def main() -> list[str]:
        loop, outer, bare = asyncio.get_running_loop(), asyncio.current_task(), Bare()
        asyncio.tasks._leave_task(loop, outer)  # type: ignore[attr-defined]  # as asyncio documents it for such tasks
        asyncio.tasks._enter_task(loop, bare)  # type: ignore[attr-defined]
        try:
            otel_crumbs.record("one")
            otel_crumbs.record("two")
            return messages()
        finally:
            asyncio.tasks._leave_task(loop, bare)  # type: ignore[attr-defined]
            asyncio.tasks._enter_task(loop, outer)  # type: ignore[attr-defined]

    assert asyncio.run(main()) == ["one", "two"]
