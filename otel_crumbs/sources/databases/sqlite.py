"""
Statements carried out on a `sqlite3` connection itself.

OpenTelemetry's instrumentation makes spans of a cursor's `execute` alone, and
not of the connection's own short cuts; so this is active where it is:
https://github.com/open-telemetry/opentelemetry-python-contrib/issues/3082.
Without that instrumentation connections are SQLite's own, which cannot be
watched without replacing them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook

from otel_crumbs.base.guard import guarded, remove_own_frame

from .statement import record_statement, size_of

Undo = Callable[[], None]

_STATEMENTS = ("execute", "executemany", "executescript")
_ENDS_OF_TRANSACTIONS = ("commit", "rollback")


class Watch:
    """Whether connections tell; one for the process, for they outlive an installation."""

    active = False


def install() -> Undo:
    """Have the instrumentation give out connections that tell; returns what undoes it."""
    undos: list[Undo] = []
    Watch.active = True

    def hook(dbapi: Any) -> None:
        if Watch.active:
            undos.append(_hook(dbapi))

    def undo() -> None:
        Watch.active = False
        for step in undos:
            step()

    register_post_import_hook(guarded("sqlite3 was hooked")(hook), "opentelemetry.instrumentation.dbapi")
    return undo


def _hook(dbapi: Any) -> Undo:
    original, plain = dbapi.get_traced_connection_proxy, dbapi.TracedConnectionProxy
    telling = _telling(plain)

    def get_traced_connection_proxy(connection: Any, *args: Any, **kwargs: Any) -> Any:
        proxy = original(connection, *args, **kwargs)
        sqlite3 = sys.modules.get("sqlite3")  # not every Python has it
        if sqlite3 is None or type(proxy) is not plain:
            return proxy
        if isinstance(connection, sqlite3.Connection):
            return telling(connection, *args, **kwargs)
        return proxy

    def undo() -> None:
        if dbapi.get_traced_connection_proxy is get_traced_connection_proxy:
            dbapi.get_traced_connection_proxy = original

    dbapi.get_traced_connection_proxy = get_traced_connection_proxy
    return undo


def _telling(proxy: Any) -> Any:
    """Return the instrumentation's class of connections, with the methods that it passes over."""
    methods = {name: _method(name) for name in (*_STATEMENTS, *_ENDS_OF_TRANSACTIONS)}
    return type(proxy.__name__, (proxy,), {"__module__": __name__, **methods})


def _method(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        connection = self.__wrapped__
        carry_out = getattr(connection, name)
        if not Watch.active or (name in _ENDS_OF_TRANSACTIONS and not connection.in_transaction):
            return carry_out(*args, **kwargs)
        started = time.time_ns()
        try:
            result = carry_out(*args, **kwargs)
        except BaseException as error:
            _record(self, name, args, started, error)
            remove_own_frame(error)
            raise
        _record(self, name, args, started, None)
        return result

    method.__name__ = name
    return method


@guarded("a statement of a sqlite3 connection was recorded")
def _record(proxy: Any, name: str, args: tuple[Any, ...], started: int, error: BaseException | None) -> None:
    statement = args[0] if args and name in _STATEMENTS else name.upper()
    asked = getattr(proxy._self_db_api_integration, "capture_parameters", False)  # noqa: SLF001 - the user's wish
    record_statement(
        statement,
        started=started,
        system="sqlite",
        library="sqlite3",
        error=error,
        batch=size_of(args[1]) if name == "executemany" and len(args) > 1 else None,
        parameters=str(args[1]) if asked and len(args) > 1 else None,
    )
