"""
Failed connects of asyncpg.

OpenTelemetry's instrumentation makes spans of statements alone, so a trail
would not show why there were none.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, on_import, replace

from .statement import record_statement

# What pools and `connect()` call for each server that they try.
_CONNECT = "_connect_addr"


def install() -> Undo:
    """Record failed connects of asyncpg; return the function that undoes it."""
    return on_import("asyncpg.connect_utils", _hook)


def _hook(connect_utils: Any) -> Undo | None:
    return replace(connect_utils, _CONNECT, _make_connect) if hasattr(connect_utils, _CONNECT) else None


def _make_connect(original: Callable[..., Awaitable[Any]], patch: Patch) -> Callable[..., Awaitable[Any]]:
    async def _connect_addr(*args: Any, **kwargs: Any) -> Any:
        started = time.time_ns()
        try:
            return await original(*args, **kwargs)
        except BaseException as error:
            if patch.active:
                _record(kwargs, started, error)
            remove_own_frame(error)
            raise

    return _connect_addr


@guarded("a connection of asyncpg that failed was recorded")
def _record(kwargs: Mapping[str, Any], started: int, error: BaseException) -> None:
    # Host and port, or the path of a socket.
    address = kwargs["addr"]
    server, port = address if isinstance(address, tuple) else (address, None)
    if type(error).__name__ == _NEXT_HOST and error.__cause__ is not None:
        # By it asyncpg tells itself to try the next server; the reason is the cause.
        error = error.__cause__
    record_statement(
        "connect",
        started=started,
        system="postgresql",
        library="asyncpg",
        namespace=kwargs["params"].database,
        server=server,
        port=None if port is None else str(port),
        error=error,
    )


_NEXT_HOST = "_NextHostSignal"
