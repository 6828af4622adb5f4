"""
Failed connects of the drivers whose instrumentations are built on `opentelemetry.instrumentation.dbapi`.

These are `sqlite3`, PyMySQL and more. Their instrumentations make spans of
statements alone, so a trail would not show why there were none. `psycopg` has
a module of its own.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, on_import, replace

from .statement import record_statement

# The names that drivers give to the argument for the database.
_DATABASE_ARGUMENTS = ("database", "db", "dbname")


def install() -> Undo:
    """Record failed connects once the instrumentations' base is imported; return the function that undoes it."""
    return on_import(
        "opentelemetry.instrumentation.dbapi",
        lambda dbapi: replace(dbapi.DatabaseApiIntegration, "wrapped_connection", _make_wrapped_connection),
    )


def _make_wrapped_connection(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def wrapped_connection(self: Any, connect_method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        started = time.time_ns()
        try:
            return original(self, connect_method, args, kwargs)
        except BaseException as error:
            if patch.active:
                _record(self, args, kwargs, started, error)
            remove_own_frame(error)
            raise

    return wrapped_connection


@guarded("a connect that failed was recorded")
def _record(
    integration: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], started: int, error: BaseException
) -> None:
    record_statement(
        "connect",
        started=started,
        system=integration.database_system,
        library=integration._name.rpartition(".")[2],  # noqa: SLF001 - no public attribute has the scope's name
        namespace=_find_database(integration.database_system, args, kwargs),
        server=_find_text(kwargs, "host", "server", "unix_socket"),
        port=_find_text(kwargs, "port"),
        error=error,
    )


def _find_text(kwargs: Mapping[str, Any], *names: str) -> str | None:
    found = next((kwargs[name] for name in names if kwargs.get(name)), None)
    return str(found) if isinstance(found, str | int) else None


def _find_database(system: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    named = next((kwargs[name] for name in _DATABASE_ARGUMENTS if name in kwargs), None)
    if named is None and system == "sqlite" and args:
        named = args[0]
    return os.fsdecode(named) if isinstance(named, str | bytes | os.PathLike) else None
