"""
Statements that run on a `sqlite3` connection itself.

OpenTelemetry's instrumentation makes spans of a cursor's `execute` alone, and
not of the connection's own short cuts
(https://github.com/open-telemetry/opentelemetry-python-contrib/issues/3082);
this module records these. Without that instrumentation connections are
SQLite's own, which cannot be hooked without replacing them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace

from .statement import count_parameter_sets, record_statement

_STATEMENTS = ("execute", "executemany", "executescript")
_ENDS_OF_TRANSACTIONS = ("commit", "rollback")


class _Recording:
    """Whether connections record; one for the process, since connections outlive an installation."""

    __slots__ = ("active",)

    def __init__(self) -> None:
        self.active = False


_recording = _Recording()


def install() -> Undo:
    """Have the instrumentation give out connections that record; return the function that undoes it."""
    _recording.active = True
    hooked = on_import(
        "opentelemetry.instrumentation.dbapi",
        lambda dbapi: replace(dbapi, "get_traced_connection_proxy", _make_factory(dbapi.TracedConnectionProxy)),
    )
    return combine(hooked, _stop_recording)


def _stop_recording() -> None:
    _recording.active = False


def _make_factory(plain: Any) -> Callable[[Any, Patch], Any]:
    recording_proxy = _subclass(plain)

    def make(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        def get_traced_connection_proxy(*args: Any, **kwargs: Any) -> Any:
            proxy = original(*args, **kwargs)
            sqlite3 = sys.modules.get("sqlite3")  # some builds of Python are without it
            if not patch.active or sqlite3 is None or type(proxy) is not plain:
                return proxy
            if isinstance(proxy.__wrapped__, sqlite3.Connection):
                return recording_proxy(*args, **kwargs)
            return proxy

        return get_traced_connection_proxy

    return make


def _subclass(proxy: Any) -> Any:
    """Return the instrumentation's class of connections, extended by the methods that it does not trace."""
    methods = {name: _make_method(name) for name in (*_STATEMENTS, *_ENDS_OF_TRANSACTIONS)}
    # The names are the instrumentation's own, where somebody looks at them.
    names = {"__module__": proxy.__module__, "__qualname__": proxy.__qualname__, "__doc__": proxy.__doc__}
    return type(proxy.__name__, (proxy,), {**names, **methods})


def _make_method(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        started = time.time_ns()
        recording = False
        try:
            connection = self.__wrapped__
            recording = _recording.active and (name in _STATEMENTS or connection.in_transaction)
            result = getattr(connection, name)(*args, **kwargs)
        except BaseException as error:
            if recording:
                _record(self, name, args, started, error)
            remove_own_frame(error)
            raise
        if recording:
            _record(self, name, args, started, None)
        return result

    method.__name__ = name
    method.__qualname__ = f"Connection.{name}"
    method.__module__ = "sqlite3"
    return method


@guarded("a statement of a sqlite3 connection was recorded")
def _record(proxy: Any, name: str, args: tuple[Any, ...], started: int, error: BaseException | None) -> None:
    statement = args[0] if args and name in _STATEMENTS else name.upper()
    captures_parameters = getattr(proxy._self_db_api_integration, "capture_parameters", False)  # noqa: SLF001 - no public attribute has that setting of the user's
    record_statement(
        statement,
        started=started,
        system="sqlite",
        library="sqlite3",
        error=error,
        batch=count_parameter_sets(args[1]) if name == "executemany" and len(args) > 1 else None,
        parameters=str(args[1]) if captures_parameters and len(args) > 1 else None,
    )
