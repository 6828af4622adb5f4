"""
SQL of Django's ORM where no instrumentation of the driver tells of it.

Every connection gets an `execute_wrapper
<https://docs.djangoproject.com/en/stable/topics/db/instrumentation/>`_, which
is silent for a query that made a span. Django is never imported for it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from wrapt import register_post_import_hook

from otel_crumbs.base.guard import guarded, remove_own_frame

from .statement import record_statement, size_of

Undo = Callable[[], None]
Execute = Callable[[Any, Any, bool, Any], Any]

# As the semantic conventions name what Django calls a vendor.
_SYSTEMS = {"postgresql": "postgresql", "sqlite": "sqlite", "mysql": "mysql", "oracle": "oracle.db"}


def install() -> Undo:
    """Watch the connections that Django has and will have; returns what undoes it."""
    watch = Watch()
    register_post_import_hook(guarded("Django's connections were watched")(watch.begin), "django.db.backends.signals")
    return watch.end


class Watch:
    """The wrapper, and the connections that have it."""

    def __init__(self) -> None:
        self.active = True
        self._connections: WeakSet[Any] = WeakSet()
        self._disconnect: Undo | None = None

    def begin(self, signals: Any) -> None:
        """Wrap the connections of this thread that are open, and every one that opens from now on."""
        if not self.active:
            return
        signals.connection_created.connect(self.opened, weak=False)
        self._disconnect = lambda: signals.connection_created.disconnect(self.opened)
        django_db = sys.modules.get("django.db")
        # Asking an unconfigured Django for its connections fails, or imports the application's settings too early.
        django_conf = sys.modules.get("django.conf")
        if django_conf is None or not django_conf.settings.configured:
            return
        if django_db is not None and hasattr(django_db, "connections"):
            for connection in django_db.connections.all(initialized_only=True):
                self._wrap(connection)

    @guarded("a connection of Django was watched")
    def opened(self, *, connection: Any, **_: Any) -> None:
        """Wrap a connection that has just been opened."""
        if self.active:
            self._wrap(connection)

    def end(self) -> None:
        """Take the wrapper off every connection."""
        self.active = False
        if self._disconnect is not None:
            self._disconnect()
        for connection in tuple(self._connections):
            if self.execute in connection.execute_wrappers:
                connection.execute_wrappers.remove(self.execute)

    def execute(self, execute: Execute, sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django's signature
        """Carry out a query, and leave a breadcrumb of it."""
        if not self.active:
            return execute(sql, params, many, context)
        started = time.time_ns()
        try:
            result = execute(sql, params, many, context)
        except BaseException as error:
            _record(sql, params if many else None, context["connection"], started, error)
            remove_own_frame(error)
            raise
        _record(sql, params if many else None, context["connection"], started, None)
        return result

    def _wrap(self, connection: Any) -> None:
        if self.execute not in connection.execute_wrappers:
            # Outermost: the context manager of Django takes off the last one, whoever's that is.
            connection.execute_wrappers.insert(0, self.execute)
            self._connections.add(connection)


@guarded("a query of Django was recorded")
def _record(sql: Any, batch: Any, connection: Any, started: int, error: BaseException | None) -> None:
    record_statement(
        sql,
        started=started,
        system=_SYSTEMS.get(connection.vendor, connection.vendor),
        namespace=str(connection.settings_dict.get("NAME") or "") or None,
        library="django",
        error=error,
        batch=size_of(batch),
    )
