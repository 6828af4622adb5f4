"""Coroutine functions that take what another one takes."""

from __future__ import annotations

import asyncio
import functools
import inspect
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import otel_crumbs


class Application:
    """An ASGI application as an object."""

    async def __call__(self, scope: dict[str, Any], receive: object, send: object) -> tuple[object, ...]:
        """Return what came."""
        return scope, receive, send

    async def call(self, scope: dict[str, Any], receive: object, send: object) -> tuple[object, ...]:
        """Do the same as a method."""
        return scope, receive, send


async def application(scope: dict[str, Any], receive: object, send: object) -> tuple[object, ...]:
    """Be an ASGI application."""
    return scope, receive, send


async def configured(settings: object, scope: dict[str, Any], receive: object, send: object) -> tuple[object, ...]:
    """Be one that `functools.partial` gives its settings."""
    assert settings == "settings"
    return scope, receive, send


@functools.wraps(application)
async def anything(*args: Any, **kwargs: Any) -> tuple[object, ...]:
    """Take anything, and say something else."""
    return (*args, *kwargs.values())


@pytest.mark.parametrize(
    "function",
    [
        application,
        Application(),
        Application().call,
        functools.partial(configured, "settings"),
        functools.partial(functools.partial(configured), "settings"),
    ],
)
def test_a_call_without_arguments_fails_at_once(function: Callable[..., Any]) -> None:
    """A server learns by it that an application is no factory of one."""
    wrapped = otel_crumbs.operation()(function)

    assert inspect.iscoroutinefunction(wrapped)
    assert inspect.signature(wrapped) == inspect.signature(function)
    with pytest.raises(TypeError, match="missing 3 required positional arguments: 'scope', 'receive', and 'send'"):
        wrapped()
    with pytest.raises(TypeError, match=r"positional argument"):
        wrapped(1, 2, 3, 4)
    assert asyncio.run(wrapped(1, 2, send=3)) == (1, 2, 3)


def test_every_kind_of_parameter_is_taken() -> None:
    """With its default, which is the same object."""
    default: list[str] = []

    async def take(
        a: Any, /, b: Any = default, *rest: Any, make: Any, function: Any = None, **error: Any
    ) -> tuple[Any, ...]:
        return a, b, rest, make, function, error

    wrapped = otel_crumbs.operation()(take)

    assert asyncio.run(wrapped(1, make=2)) == (1, [], (), 2, None, {})
    assert asyncio.run(wrapped(1, make=2))[1] is default
    assert asyncio.run(wrapped(1, 2, 3, 4, make=5, function=6, args=7)) == (1, 2, (3, 4), 5, 6, {"args": 7})
    with pytest.raises(TypeError, match=r"keyword-only argument: 'make'"):
        wrapped(1)


def test_what_a_function_says_of_its_parameters_is_not_believed() -> None:
    """A stand-in for another function is called as it is, and not as that one would be."""
    wrapped = otel_crumbs.operation()(anything)

    assert inspect.signature(wrapped) == inspect.signature(application)
    assert asyncio.run(wrapped(1, name=2)) == (1, 2)


def test_names_that_no_source_can_have_are_no_obstacle() -> None:
    """Somebody makes functions of parts."""

    async def take(first: Any, second: Any = 2) -> tuple[Any, ...]:
        return first, second

    take.__code__ = take.__code__.replace(co_varnames=("class", "no name"))
    wrapped = otel_crumbs.operation()(take)

    assert asyncio.run(wrapped(1)) == (1, 2)


def test_a_partial_with_too_many_arguments_fails_when_it_is_called() -> None:
    """Decorating it raises nothing."""
    wrapped = otel_crumbs.operation()(functools.partial(application, 1, 2, 3, 4))

    with pytest.raises(TypeError, match="4 were given"):
        asyncio.run(wrapped())


def test_no_frame_of_ours_is_left_in_a_traceback() -> None:
    """The failure of the function has its own frames alone, and in between our line is shown."""
    stack: list[str] = []

    @otel_crumbs.operation()
    async def fail() -> None:
        stack.extend(traceback.format_stack())
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom") as raised:
        asyncio.run(fail())

    assert [entry.name for entry in raised.traceback][-2:] == ["run_until_complete", "fail"]
    assert "return await _otel_crumbs_function({arguments})" in stack[-2]
