"""
Connects that fail, of the drivers that `opentelemetry.instrumentation.dbapi` is the base of.

These are `sqlite3`, PyMySQL and more: their
instrumentations make spans of statements, so that nothing tells why there
were none. `psycopg` has a source of its own.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from wrapt import register_post_import_hook

from otel_crumbs.base.guard import guarded, remove_own_frame

from .statement import record_statement

Undo = Callable[[], None]

# As drivers call the argument that names the database.
_NAMES = ("database", "db", "dbname")


def install() -> Undo:
    """Watch the instrumentations' common base once it is imported; returns what undoes it."""
    undos: list[Undo] = []
    active = True

    def hook(dbapi: Any) -> None:
        if active:
            undos.append(_watch(dbapi.DatabaseApiIntegration))

    def undo() -> None:
        nonlocal active
        active = False
        for step in undos:
            step()

    register_post_import_hook(guarded("connects were hooked")(hook), "opentelemetry.instrumentation.dbapi")
    return undo


def _watch(integration: Any) -> Undo:
    original = integration.wrapped_connection
    active = True

    @functools.wraps(original)
    def wrapped_connection(self: Any, connect_method: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not active:
            return original(self, connect_method, args, kwargs)
        started = time.time_ns()
        try:
            return original(self, connect_method, args, kwargs)
        except BaseException as error:
            _record(self, args, kwargs, started, error)
            remove_own_frame(error)
            raise

    def undo() -> None:
        nonlocal active
        active = False
        if integration.wrapped_connection is wrapped_connection:
            integration.wrapped_connection = original

    integration.wrapped_connection = wrapped_connection
    return undo


@guarded("a connect that failed was recorded")
def _record(
    integration: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], started: int, error: BaseException
) -> None:
    record_statement(
        "connect",
        started=started,
        system=integration.database_system,
        library=integration._name.rpartition(".")[2],  # noqa: SLF001 - the scope's name is kept nowhere else
        namespace=_database(integration.database_system, args, kwargs),
        error=error,
    )


def _database(system: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
    named = next((kwargs[name] for name in _NAMES if name in kwargs), None)
    if named is None and system == "sqlite" and args:
        named = args[0]
    return os.fsdecode(named) if isinstance(named, str | bytes | os.PathLike) else None
