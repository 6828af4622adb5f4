"""The check that no breadcrumb or attribute of one piece of work shows up in the error of another."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict
from typing import Any, NoReturn

from otel_crumbs.event import ErrorEvent
from otel_crumbs.install import capture_exception
from otel_crumbs.trails import operation

from .events import CapturedEvents

Work = Callable[[str], Any]

_PIECES = 8


class LeakProbeError(Exception):
    """The error at the end of each piece of work; its message is the piece's token."""


def assert_no_leaks(events: CapturedEvents, work: Work) -> None:
    """
    Run pieces of work one after the other and side by side, and fail where an event has what another did.

    Each piece runs in an operation of its own and ends with an error. They run
    twice on one thread, in a pool whose threads are used again, in threads
    with a copied context, and, for a coroutine function, in gathered tasks and
    one after the other in one task.

    Args:
        events: As `capture_events` yields them.
        work: Called with a token; must leave breadcrumbs that have the token
            in them, and may be a coroutine function.

    Raises:
        AssertionError: If a piece's error has no breadcrumb with its token,
            or a breadcrumb or an attribute with the token of another.

    """
    for name, run in _iterate_schedules(work):
        events.clear()
        tokens = [f"{name}-{number}-token" for number in range(_PIECES)]
        run(tokens)
        _check_trails(name, tokens, events)


def _iterate_schedules(work: Work) -> Iterator[tuple[str, Callable[[Iterable[str]], None]]]:
    if inspect.iscoroutinefunction(work):
        yield "tasks", lambda tokens: asyncio.run(_run_in_tasks(work, tokens))
        yield "one-task", lambda tokens: asyncio.run(_run_in_one_task(work, tokens))
        return
    yield "one-thread", lambda tokens: _run_on_one_thread(work, tokens)
    yield "pool", lambda tokens: _run_in_pool(work, tokens)
    yield "copied-contexts", lambda tokens: _run_in_copied_contexts(work, tokens)
    yield "to-thread", lambda tokens: asyncio.run(_run_in_threads(work, tokens))


def _run_piece(work: Work, token: str) -> None:
    with operation(token):
        work(token)
        capture_exception(LeakProbeError(token))


async def _run_piece_async(work: Callable[[str], Awaitable[Any]], token: str) -> None:
    async with operation(token):
        await work(token)
        await asyncio.sleep(0)
        capture_exception(LeakProbeError(token))


def _run_on_one_thread(work: Work, tokens: Iterable[str]) -> None:
    for token in tokens:
        _run_piece(work, token)


def _run_in_pool(work: Work, tokens: Iterable[str]) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda token: _run_piece(work, token), tokens))


def _run_in_copied_contexts(work: Work, tokens: Iterable[str]) -> None:
    with ThreadPoolExecutor(max_workers=2) as pool:
        futures = [pool.submit(copy_context().run, _run_piece, work, token) for token in tokens]
        for future in futures:
            future.result()


async def _run_in_threads(work: Work, tokens: Iterable[str]) -> None:
    await asyncio.gather(*(asyncio.to_thread(_run_piece, work, token) for token in tokens))


async def _run_in_tasks(work: Work, tokens: Iterable[str]) -> None:
    await asyncio.gather(*(_run_piece_async(work, token) for token in tokens))


async def _run_in_one_task(work: Work, tokens: Iterable[str]) -> None:
    for token in tokens:
        await _run_piece_async(work, token)


def _check_trails(name: str, tokens: list[str], events: CapturedEvents) -> None:
    by_token = {event.exception.message: event for event in events}
    for token in tokens:
        event = by_token.get(token)
        if event is None:
            _fail(f"{name}: the error of {token} was not captured")
        trail = _dump_breadcrumbs(event)
        if token not in trail:
            _fail(f"{name}: the error of {token} has no breadcrumb of its own")
        leaked = [other for other in tokens if other != token and other in trail]
        if leaked:
            _fail(f"{name}: the error of {token} has breadcrumbs of {', '.join(leaked)}")
        attributes = json.dumps(dict(event.attributes), default=str)
        leaked = [other for other in tokens if other != token and other in attributes]
        if leaked:
            _fail(f"{name}: the error of {token} has attributes of {', '.join(leaked)}")


def _fail(message: str) -> NoReturn:
    raise AssertionError(message)


def _dump_breadcrumbs(event: ErrorEvent) -> str:
    return json.dumps([asdict(breadcrumb) for breadcrumb in event.breadcrumbs], default=str)
