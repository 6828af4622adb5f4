"""Work that goes on after its operation has ended has its trail, and is reported once."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.capture.ended_operations import EndedOperations, OperationAsyncIterator, OperationIterator
from otel_crumbs.install import get_installation
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import Branch, current
from tests.application import Application, messages

PACKAGE = str(Path(otel_crumbs.__file__).parent)


class Answer:
    """An answer of a web framework's."""


@pytest.fixture
def ended(events: CapturedEvents) -> EndedOperations:  # noqa: ARG001 - they are installed
    """Return what the hooks of the frameworks have."""
    installation = get_installation()
    assert installation is not None
    return EndedOperations(installation.reporter)


def handle(app: Application, ended: EndedOperations, name: str) -> tuple[Answer, Branch]:
    """Handle a request, and return its answer and its branch."""
    answer = Answer()
    with app.request(name):
        otel_crumbs.record(f"view of {name}")
        ended.remember_answer(answer)
        assert ended.find_branch(answer) is None
    branch = ended.find_branch(answer)
    assert branch is not None
    return answer, branch


def fail(name: str) -> None:
    """Fail after a note."""
    otel_crumbs.record(f"end of {name}")
    raise ValueError(name)


def parts(name: str) -> Iterator[int]:
    """Make a body that breaks off."""
    otel_crumbs.record(f"first part of {name}")
    yield 1
    raise ValueError(name)


async def async_parts(name: str) -> AsyncIterator[int]:
    """Do the same with awaits between."""
    for part in parts(name):
        await asyncio.sleep(0)
        yield part


def reported(events: CapturedEvents) -> list[tuple[str | None, str, list[str]]]:
    """Return of each event its operation, its message, and what its trail says."""
    return [
        (event.operation, event.exception.message, [crumb.message for crumb in event.breadcrumbs]) for event in events
    ]


def test_what_comes_after_the_end_has_the_trail(
    app: Application, ended: EndedOperations, events: CapturedEvents
) -> None:
    """Of its own request alone, in one thread that handles several; and none of it stays."""
    for name in ("one", "two"):
        _, branch = handle(app, ended, name)
        otel_crumbs.record(f"server after {name}")
        with suppress(ValueError):
            ended.call(branch, fail, name)
        with suppress(ValueError):
            list(OperationIterator(ended, branch, parts(f"body of {name}")))

    assert reported(events) == [
        ("one", "one", ["view of one", "end of one"]),
        ("one", "body of one", ["view of one", "end of one", "first part of body of one"]),
        ("two", "two", ["view of two", "end of two"]),
        ("two", "body of two", ["view of two", "end of two", "first part of body of two"]),
    ]
    assert messages() == ["server after one", "server after two"]
    assert {event.trace_id for event in events} != {None}


def test_async_bodies_keep_apart(app: Application, ended: EndedOperations, events: CapturedEvents) -> None:
    """Bodies that are made in turn each have their own trail."""
    branches = {name: handle(app, ended, name)[1] for name in ("one", "two")}

    async def read(name: str) -> None:
        with suppress(ValueError):
            async for _ in OperationAsyncIterator(ended, branches[name], async_parts(name)):
                await asyncio.sleep(0)

    async def main() -> list[str]:
        await asyncio.gather(read("one"), read("two"))
        return messages()

    assert asyncio.run(main()) == []
    assert sorted(reported(events)) == [
        (name, name, [f"view of {name}", f"first part of {name}"]) for name in ("one", "two")
    ]


def test_a_body_that_is_read_while_the_operation_goes_on_is_the_operation_s(
    app: Application, ended: EndedOperations, events: CapturedEvents
) -> None:
    """Whoever reads it there may handle what fails."""
    answer = Answer()
    with app.request("GET /"):
        ended.remember_answer(answer)
        branch = current.find_branch()
        with suppress(ValueError):
            list(OperationIterator(ended, branch, parts("body")))
        assert messages() == ["first part of body"]

    assert len(events) == 0


def test_other_work_is_left_alone(app: Application, ended: EndedOperations, events: CapturedEvents) -> None:
    """A body that is read in another operation leaves its notes there, and its failure is that operation's."""
    _, branch = handle(app, ended, "one")

    with suppress(ValueError), app.request("two"):
        list(OperationIterator(ended, branch, parts("body of one")))

    assert reported(events) == [("two", "body of one", ["first part of body of one"])]


def test_an_operation_that_failed_is_not_reported_again(
    app: Application, ended: EndedOperations, events: CapturedEvents
) -> None:
    """What it ended with had its event, or was an answer."""
    answer = Answer()
    with suppress(ValueError), app.request("one", **{"http.response.status_code": 404}):
        ended.remember_answer(answer)
        raise ValueError("answered")
    branch = ended.find_branch(answer)
    assert branch is not None

    ended.report(ValueError("answered"), branch)

    assert len(events) == 0


@pytest.mark.parametrize("run", ["call", "iterator", "async iterator"])
def test_the_traceback_is_the_application_s(
    run: str, app: Application, ended: EndedOperations, events: CapturedEvents
) -> None:
    """No frame of ours is in it."""
    _, branch = handle(app, ended, "one")

    async def read() -> None:
        async for _ in OperationAsyncIterator(ended, branch, async_parts("one")):
            pass

    runs: dict[str, Callable[[], Any]] = {
        "call": lambda: ended.call(branch, fail, "one"),
        "iterator": lambda: list(OperationIterator(ended, branch, parts("one"))),
        "async iterator": lambda: asyncio.run(read()),
    }
    with pytest.raises(ValueError, match="one") as caught:
        runs[run]()

    frames = traceback.extract_tb(caught.value.__traceback__)
    assert not [frame for frame in frames if frame.filename.startswith(PACKAGE)]
    assert len(events) == 1


def test_an_iterator_that_ends_or_is_closed_is_no_failure(
    app: Application, ended: EndedOperations, events: CapturedEvents
) -> None:
    """Its values are those of the application's."""
    _, branch = handle(app, ended, "one")

    assert list(OperationIterator(ended, branch, iter([1, 2]))) == [1, 2]
    with pytest.raises(GeneratorExit):
        ended.call(branch, lambda: (_ for _ in ()).throw(GeneratorExit))
    assert len(events) == 0
