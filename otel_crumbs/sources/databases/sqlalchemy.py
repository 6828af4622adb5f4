"""
Pings of SQLAlchemy's pools (`pool_pre_ping=True`): a statement before each use of a connection, which tells nothing.

One that fails stays: the connection was gone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, on_import, replace
from otel_crumbs.sources.rules.databases import is_ping

from .statement import remove_last_span

# What pools call; the dialects' own `do_ping`, of which there are many, lies below it.
_PING = "_do_ping_w_event"


def install() -> Undo:
    """Leave out pings; return the function that undoes it."""
    return on_import("sqlalchemy.engine.default", _hook)


def _hook(default: Any) -> Undo | None:
    dialect = default.DefaultDialect
    # SQLAlchemy 1 has no such method, and its pings are told.
    return replace(dialect, _PING, _make_ping) if hasattr(dialect, _PING) else None


def _make_ping(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def _do_ping_w_event(*args: Any, **kwargs: Any) -> Any:
        try:
            answered = original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        if patch.active and answered:
            remove_last_span(is_ping)
        return answered

    return _do_ping_w_event
