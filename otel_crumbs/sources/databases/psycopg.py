"""
What connections of psycopg (version 3) do besides carrying out statements.

OpenTelemetry's instrumentation makes spans of a cursor's statements alone: a
server that does not let one in leaves none, and what `commit()`, `rollback()`
and `transaction()` say to it neither. psycopg is never imported for it, and
need not be instrumented.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Generator
from inspect import iscoroutinefunction
from types import MethodType
from typing import Any

from wrapt import FunctionWrapper, register_post_import_hook

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.sources.rules.databases import frames_a_transaction

from .statement import record_statement

Undo = Callable[[], None]


def install() -> Undo:
    """Watch the connections of psycopg, now or when it is imported; returns what undoes it."""
    watch = Watch()
    register_post_import_hook(guarded("psycopg was hooked")(watch.begin), "psycopg")
    return watch.end


class Watch:
    """What is in place for one installation."""

    def __init__(self) -> None:
        self.active = True
        self._undos: list[Undo] = []

    def begin(self, psycopg: Any) -> None:
        """Have connecting watched, and the commands that connections give of their own accord."""
        if not self.active:
            return
        for owner in (psycopg, psycopg.Connection, psycopg.AsyncConnection):
            self._undos.append(self._replace_connect(owner))
        self._undos.append(self._replace_commands(psycopg.BaseConnection))

    def end(self) -> None:
        """Put back what was there; where that is no longer possible, be silent."""
        self.active = False
        for undo in self._undos:
            undo()

    def _replace_connect(self, owner: Any) -> Undo:
        keeper, name, original = _beneath(owner, "connect")
        # A class method, or the module's `connect`, which is one that is bound already.
        function = original.__func__
        telling = (self._connecting_async if iscoroutinefunction(function) else self._connecting)(function)
        bound = isinstance(original, MethodType)
        setattr(keeper, name, MethodType(telling, original.__self__) if bound else classmethod(telling))

        def undo() -> None:
            keeper, name, found = _beneath(owner, "connect")
            # Bound or not: an instrumentation that takes itself off a class leaves a bound method there.
            if getattr(found, "__func__", None) is telling:
                setattr(keeper, name, original)

        return undo

    def _connecting(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(connect)
        def telling(cls: Any, *args: Any, **kwargs: Any) -> Any:
            started = time.time_ns()
            try:
                return connect(cls, *args, **kwargs)
            except BaseException as error:
                self._connect_failed(args, kwargs, started, error)
                remove_own_frame(error)
                raise

        return telling

    def _connecting_async(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(connect)
        async def telling(cls: Any, *args: Any, **kwargs: Any) -> Any:
            started = time.time_ns()
            try:
                return await connect(cls, *args, **kwargs)
            except BaseException as error:
                self._connect_failed(args, kwargs, started, error)
                remove_own_frame(error)
                raise

        return telling

    @guarded("a connection of psycopg that failed was recorded")
    def _connect_failed(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], started: int, error: BaseException
    ) -> None:
        if self.active:
            record_statement(
                "connect",
                started=started,
                system="postgresql",
                library="psycopg",
                namespace=_database(args, kwargs),
                error=error,
            )

    def _replace_commands(self, connection: Any) -> Undo:
        original = connection._exec_command  # noqa: SLF001 - all that a connection says by itself, plain or async

        @functools.wraps(original)
        def _exec_command(self_: Any, command: Any, *args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            carrying_out: Generator[Any, Any, Any] = original(self_, command, *args, **kwargs)
            if self.active and _is_asked_for(self_, command):
                return _telling(carrying_out, self_, command)
            return carrying_out

        def undo() -> None:
            if connection._exec_command is _exec_command:  # noqa: SLF001 - as above
                connection._exec_command = original  # noqa: SLF001 - as above

        connection._exec_command = _exec_command  # noqa: SLF001 - as above
        return undo


def _beneath(owner: Any, name: str) -> tuple[Any, str, Any]:
    """
    Return where a function is kept that instrumentations may lie on, and the function.

    Beneath them, for they come and go as they like.
    """
    keeper, found = owner, vars(owner)[name]
    while isinstance(found, FunctionWrapper):
        keeper, name, found = found, "__wrapped__", found.__wrapped__
    return keeper, name, found


def _is_asked_for(connection: Any, command: Any) -> bool:
    """Return whether a command frames a transaction, and is not the BEGIN that the first statement brings about."""
    if not isinstance(command, bytes) or not frames_a_transaction(command.decode(errors="replace")):
        return False
    return not command.startswith(b"BEGIN") or getattr(connection, "_num_transactions", 0) > 0


def _telling(carrying_out: Generator[Any, Any, Any], connection: Any, command: bytes) -> Generator[Any, Any, Any]:
    started = time.time_ns()
    try:
        result = yield from carrying_out
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
        # One that broke down cannot say any more.
        namespace=None if connection.closed else connection.info.dbname,
        error=error,
    )


def _database(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """Return the database that was to be connected to, None where nobody named it or it cannot be told."""
    psycopg = sys.modules["psycopg"]
    try:
        named = kwargs.get("dbname") or _parsed(psycopg, *args, **kwargs).get("dbname")
    except psycopg.Error:
        return None
    # Where the password has a "/" that is not escaped, what follows it is taken for the database.
    return None if named is None or "@" in str(named) else str(named)


def _parsed(psycopg: Any, conninfo: str = "", **_: Any) -> Any:
    return psycopg.conninfo.conninfo_to_dict(conninfo)
