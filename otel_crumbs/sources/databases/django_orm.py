"""
SQL of Django's ORM where no instrumentation of the driver makes spans of it.

Every connection gets an `execute_wrapper
<https://docs.djangoproject.com/en/stable/topics/db/instrumentation/>`_, which
records nothing of a query that made a span.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Undo, on_import

from .statement import count_parameter_sets, record_statement

Execute = Callable[[Any, Any, bool, Any], Any]

# The name that the semantic conventions have for each of Django's vendors.
_SYSTEMS = {"postgresql": "postgresql", "sqlite": "sqlite", "mysql": "mysql", "oracle": "oracle.db"}


def install() -> Undo:
    """Wrap the connections that Django has and will have; return the function that undoes it."""
    return on_import("django.db.backends.signals", lambda signals: ConnectionWrapper().wrap_all(signals))


class ConnectionWrapper:
    """The execute wrapper of one installation, and the connections that have it."""

    def __init__(self) -> None:
        self._active = True
        self._connections: WeakSet[Any] = WeakSet()

    def wrap_all(self, signals: Any) -> Undo:
        """Wrap the open connections of this thread, and every one that opens from now on."""
        signals.connection_created.connect(self.wrap_opened, weak=False)
        django_db = sys.modules.get("django.db")
        # Asking an unconfigured Django for its connections fails, or imports the application's settings too early.
        django_conf = sys.modules.get("django.conf")
        configured = django_conf is not None and django_conf.settings.configured
        if configured and django_db is not None and hasattr(django_db, "connections"):
            for connection in django_db.connections.all(initialized_only=True):
                self._wrap(connection)
        return lambda: self._unwrap_all(signals)

    @guarded("a connection of Django was wrapped")
    def wrap_opened(self, *, connection: Any, **_: Any) -> None:
        """Wrap a connection that has just been opened."""
        if self._active:
            self._wrap(connection)

    def execute(self, execute: Execute, sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        """Run a query, and leave a breadcrumb of it."""
        started = time.time_ns()
        try:
            result = execute(sql, params, many, context)
        except BaseException as error:
            if self._active:
                _record(sql, params if many else None, context["connection"], started, error)
            remove_own_frame(error)
            raise
        if self._active:
            _record(sql, params if many else None, context["connection"], started, None)
        return result

    def _wrap(self, connection: Any) -> None:
        if self.execute not in connection.execute_wrappers:
            # Outermost: the context manager of Django takes off the last one, whoever's that is.
            connection.execute_wrappers.insert(0, self.execute)
            self._connections.add(connection)

    def _unwrap_all(self, signals: Any) -> None:
        self._active = False
        signals.connection_created.disconnect(self.wrap_opened)
        for connection in tuple(self._connections):
            if self.execute in connection.execute_wrappers:
                connection.execute_wrappers.remove(self.execute)


@guarded("a query of Django was recorded")
def _record(sql: Any, batch: Any, connection: Any, started: int, error: BaseException | None) -> None:
    record_statement(
        sql,
        started=started,
        system=_SYSTEMS.get(connection.vendor, connection.vendor),
        namespace=str(connection.settings_dict.get("NAME") or "") or None,
        library="django",
        error=error,
        batch=count_parameter_sets(batch),
    )
