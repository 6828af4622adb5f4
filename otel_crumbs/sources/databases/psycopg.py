"""
Connections of psycopg (version 3): failed connects and transactions.

OpenTelemetry's instrumentation makes spans of a cursor's statements alone. A
server that refuses a connection leaves no span, nor do the commands that
`commit()`, `rollback()` and `transaction()` send. psycopg is never imported
for this, and need not be instrumented.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from inspect import iscoroutinefunction
from types import MethodType
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, disguise, find_argument, on_import, replace
from otel_crumbs.sources.rules.databases import frames_transaction

from .statement import record_statement


def install() -> Undo:
    """Record failed connects and transactions of psycopg; return the function that undoes it."""
    return on_import("psycopg", _hook)


def _hook(psycopg: Any) -> Undo:
    connects = [_replace_connect(owner) for owner in (psycopg, psycopg.Connection, psycopg.AsyncConnection)]
    # This private method sends all that a connection sends by itself, plain or async; connects do without it.
    replace_private = guarded("psycopg's transactions were hooked")(replace)
    return combine(*connects, replace_private(psycopg.BaseConnection, "_exec_command", _make_exec_command))


def _replace_connect(owner: Any) -> Undo:
    """
    Replace a `connect` below the instrumentations that wrap it, for these come and go.

    So it is not always an attribute of the owner that is replaced: it may be
    what a wrapper of wrapt's wraps.
    """
    holder, name, original = _find_innermost(owner, "connect")
    # A class method, or the module's `connect`, which is a bound one.
    function = original.__func__
    patch = Patch()
    make = _make_connect_async if iscoroutinefunction(function) else _make_connect
    stand_in = make(function, patch)
    disguise(stand_in, function, owner, name)
    is_bound = isinstance(original, MethodType)
    setattr(holder, name, MethodType(stand_in, original.__self__) if is_bound else classmethod(stand_in))

    def undo() -> None:
        patch.active = False
        holder, name, found = _find_innermost(owner, "connect")
        # An instrumentation that takes itself off a class leaves a bound method where a class method was.
        if getattr(found, "__func__", None) is stand_in:
            setattr(holder, name, original)

    return undo


def _find_innermost(owner: Any, name: str) -> tuple[Any, str, Any]:
    """Return the holder, the name and the value of an attribute below all wrappers of wrapt's."""
    wrapt = sys.modules.get("wrapt")
    wrapper: Any = getattr(wrapt, "FunctionWrapper", ())
    holder, found = owner, vars(owner)[name]
    while isinstance(found, wrapper):
        holder, name, found = found, "__wrapped__", found.__wrapped__
    return holder, name, found


def _make_connect(connect: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        started = time.time_ns()
        try:
            return connect(*args, **kwargs)
        except BaseException as error:
            if patch.active:
                _record_failed_connect(args[1:], kwargs, started, error)
            remove_own_frame(error)
            raise

    return stand_in


def _make_connect_async(connect: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    async def stand_in(*args: Any, **kwargs: Any) -> Any:
        started = time.time_ns()
        try:
            return await connect(*args, **kwargs)
        except BaseException as error:
            if patch.active:
                _record_failed_connect(args[1:], kwargs, started, error)
            remove_own_frame(error)
            raise

    return stand_in


@guarded("a connection of psycopg that failed was recorded")
def _record_failed_connect(args: tuple[Any, ...], kwargs: dict[str, Any], started: int, error: BaseException) -> None:
    named = _find_target(args, kwargs)
    record_statement(
        "connect",
        started=started,
        system="postgresql",
        library="psycopg",
        namespace=named.get("dbname"),
        server=named.get("host") or named.get("hostaddr"),
        port=named.get("port"),
        error=error,
    )


def _make_exec_command(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    # No generator function, as the original is one: that would be one more generator for each command.
    def _exec_command(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        execution: Generator[Any, Any, Any] = original(*args, **kwargs)
        command = find_argument(args, kwargs, 1, "command")
        if patch.active and args and _is_explicit(args[0], command):
            return _follow(execution, args[0], command)
        return execution

    return _exec_command


def _is_explicit(connection: Any, command: Any) -> bool:
    """Return whether a command frames a transaction, and is not the implicit BEGIN before the first statement."""
    if not isinstance(command, bytes) or not frames_transaction(command.decode(errors="replace")):
        return False
    return not command.startswith(b"BEGIN") or getattr(connection, "_num_transactions", 0) > 0


def _follow(execution: Generator[Any, Any, Any], connection: Any, command: bytes) -> Generator[Any, Any, Any]:
    started = time.time_ns()
    try:
        result = yield from execution
    except BaseException as error:
        _record(connection, command, started, error)
        remove_own_frame(error)
        raise
    _record(connection, command, started, None)
    return result


@guarded("a transaction of psycopg was recorded")
def _record(connection: Any, command: bytes, started: int, error: BaseException | None) -> None:
    record_statement(
        command.decode(errors="replace"),
        started=started,
        system="postgresql",
        library="psycopg",
        # A connection that broke down has no information any more.
        namespace=None if connection.closed else connection.info.dbname,
        error=error,
    )


def _find_target(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, str]:
    """Return database and server of a connect, as far as they were named and can be told from a password."""
    psycopg = sys.modules["psycopg"]
    try:
        named = {**_parse(psycopg, *args, **kwargs), **kwargs}
    except psycopg.Error:
        named = {"dbname": kwargs.get("dbname")}
    found = {name: str(named[name]) for name in ("dbname", "host", "hostaddr", "port") if named.get(name)}
    # Where the password has a "/" that is not escaped, what follows it is taken for the database.
    return {} if any("@" in value for value in found.values()) else found


def _parse(psycopg: Any, conninfo: str = "", **_: Any) -> Any:
    return psycopg.conninfo.conninfo_to_dict(conninfo)
