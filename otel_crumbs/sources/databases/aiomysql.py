"""
Statements and failed connects of aiomysql, of which OpenTelemetry has no instrumentation.

Below SQLAlchemy's instrumentation both tell of a statement, which is one
breadcrumb all the same. aiomysql is never imported for this.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, find_argument, on_import, replace

from .statement import count_parameter_sets, record_statement

# The cursors, by identity, that carry out a batch: what they execute for it has its values in it.
_in_batches: set[int] = set()


def install() -> Undo:
    """Have aiomysql's cursors and connections record; return the function that undoes it."""
    return combine(on_import("aiomysql.cursors", _hook_cursors), on_import("aiomysql.connection", _hook_connections))


def _hook_cursors(cursors: Any) -> Undo:
    # Its other classes of cursors are derived from this one.
    return combine(
        replace(cursors.Cursor, "execute", partial(_make_execute, many=False)),
        replace(cursors.Cursor, "executemany", partial(_make_execute, many=True)),
    )


def _hook_connections(connection: Any) -> Undo | None:
    # What pools and `connect()` call.
    owner = connection.Connection
    return replace(owner, "_connect", _make_connect) if hasattr(owner, "_connect") else None


def _make_execute(
    original: Callable[..., Awaitable[Any]], patch: Patch, *, many: bool
) -> Callable[..., Awaitable[Any]]:
    async def execute(*args: Any, **kwargs: Any) -> Any:
        cursor = id(args[0]) if args else 0
        if not patch.active or cursor in _in_batches:
            return await original(*args, **kwargs)
        started = time.time_ns()
        if many:
            _in_batches.add(cursor)
        try:
            result = await original(*args, **kwargs)
        except BaseException as error:
            _record_statement(args, kwargs, started, error, many=many)
            remove_own_frame(error)
            raise
        finally:
            if many:
                _in_batches.discard(cursor)
        _record_statement(args, kwargs, started, None, many=many)
        return result

    return execute


@guarded("a statement of aiomysql was recorded")
def _record_statement(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], started: int, error: BaseException | None, *, many: bool
) -> None:
    connection = find_argument(args, kwargs, 0, "self").connection
    record_statement(
        find_argument(args, kwargs, 1, "query"),
        started=started,
        system="mysql",
        library="aiomysql",
        namespace=None if connection is None else connection.db or None,
        error=error,
        batch=count_parameter_sets(find_argument(args, kwargs, 2, "args")) if many else None,
    )


def _make_connect(original: Callable[..., Awaitable[Any]], patch: Patch) -> Callable[..., Awaitable[Any]]:
    async def _connect(*args: Any, **kwargs: Any) -> Any:
        started = time.time_ns()
        try:
            return await original(*args, **kwargs)
        except BaseException as error:
            if patch.active:
                _record_failed_connect(args, kwargs, started, error)
            remove_own_frame(error)
            raise

    return _connect


@guarded("a connection of aiomysql that failed was recorded")
def _record_failed_connect(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], started: int, error: BaseException
) -> None:
    connection = find_argument(args, kwargs, 0, "self")
    record_statement(
        "connect",
        started=started,
        system="mysql",
        library="aiomysql",
        namespace=connection.db or None,
        server=connection.unix_socket or connection.host,
        port=None if connection.unix_socket else str(connection.port),
        error=error,
    )
