"""
The functions that stand in for decorated ones: each call is an operation, for as long as what it returned runs.

A generator stays a generator, and takes `send`, `throw` and `close` as it did.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import AbstractContextManager
from types import CoroutineType
from typing import Any, TypeVar

from otel_crumbs.base.guard import remove_own_frame

from .parameters import Make, make_coroutine_function

F = TypeVar("F", bound=Callable[..., Any])


def wrap_callable(function: F, make: Make) -> F:
    """
    Return a function, of the same kind, with every call an operation of its own.

    Args:
        function: A function of any kind, or another callable.
        make: Makes the operation of a call.

    """
    for is_of_kind, wrap in _KINDS:
        # Objects that are called have their function in their class.
        if is_of_kind(function) or is_of_kind(inspect.getattr_static(type(function), "__call__", None)):
            return wrap(function, make)  # type: ignore[return-value]  # the same signature, by functools.wraps
    return _wrap_function(function, make)  # type: ignore[return-value]  # the same signature, by functools.wraps


def _wrap_function(function: Callable[..., Any], make: Make) -> Callable[..., Any]:
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        block = make()
        try:
            with block:
                result = function(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        return _continue_in(block, result) if type(result) is CoroutineType else result

    return run


def _wrap_coroutine_function(function: Callable[..., Awaitable[Any]], make: Make) -> Callable[..., Awaitable[Any]]:
    return functools.wraps(function)(make_coroutine_function(function, make))


def _wrap_generator_function(
    function: Callable[..., Generator[Any, Any, Any]], make: Make
) -> Callable[..., Generator[Any, Any, Any]]:
    @functools.wraps(function)
    def run_generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        try:
            generator = function(*args, **kwargs)
            with make(generator.gi_frame):  # type: ignore[attr-defined]  # it is Python's own
                return (yield from generator)
        except BaseException as error:
            remove_own_frame(error)
            raise

    flags = getattr(getattr(function, "__code__", None), "co_flags", 0)
    # Such a generator can be awaited.
    return types.coroutine(run_generator) if flags & inspect.CO_ITERABLE_COROUTINE else run_generator


def _wrap_async_generator_function(
    function: Callable[..., AsyncGenerator[Any, Any]], make: Make
) -> Callable[..., AsyncGenerator[Any, Any]]:
    @functools.wraps(function)
    async def run_async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        try:
            generator = function(*args, **kwargs)
            with make(generator.ag_frame):  # type: ignore[attr-defined]  # it is Python's own
                step = _begin_async_generator(generator)
                while True:
                    try:
                        value = await step
                    except StopAsyncIteration:
                        return
                    # The next step is made here, and awaited where no exception is being handled.
                    try:
                        step = generator.asend((yield value))
                    except BaseException as error:  # noqa: BLE001 - it is thrown into the function's own generator
                        remove_own_frame(error)
                        step = generator.athrow(error)
        except BaseException as error:
            remove_own_frame(error)
            raise

    return run_async_generator


def _begin_async_generator(generator: AsyncGenerator[Any, Any]) -> Awaitable[Any]:
    """
    Return the first step of an async generator that another one runs.

    The event loop knows the other one, and must not close this one by itself.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return generator.asend(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)


class _Unstarted:
    """A coroutine that another one will run; nobody is warned of it where the other one never starts."""

    __slots__ = ("_coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine: Coroutine[Any, Any, Any] | None = coroutine

    def start(self) -> Coroutine[Any, Any, Any]:
        coroutine, self._coroutine = self._coroutine, None
        assert coroutine is not None  # noqa: S101 - for mypy: it is started once
        return coroutine

    def __del__(self) -> None:
        if self._coroutine is not None:
            self._coroutine.close()


def _continue_in(block: AbstractContextManager[Any], coroutine: Any) -> Coroutine[Any, Any, Any]:
    """Return a coroutine that runs another one in the operation of the call that returned it."""

    async def run_coroutine(unstarted: _Unstarted) -> Any:
        try:
            with block:
                return await unstarted.start()
        except BaseException as error:
            remove_own_frame(error)
            raise

    run_coroutine.__name__, run_coroutine.__qualname__ = coroutine.__name__, coroutine.__qualname__
    return run_coroutine(_Unstarted(coroutine))


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any, Make], Callable[..., Any]]], ...] = (
    (inspect.iscoroutinefunction, _wrap_coroutine_function),
    (inspect.isasyncgenfunction, _wrap_async_generator_function),
    (inspect.isgeneratorfunction, _wrap_generator_function),
)
