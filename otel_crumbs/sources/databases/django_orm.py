"""
SQL of Django's ORM where no instrumentation of the driver makes spans of it.

The cursors that Django gives out record their statements, but for those that
made a span. Connections stay as they are: an `execute_wrapper
<https://docs.djangoproject.com/en/stable/topics/db/instrumentation/>`_ of ours
would stand in a list that applications read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, combine, find_argument, on_import, replace
from otel_crumbs.sources.rules.databases import is_quoting_statement

from .statement import count_parameter_sets, find_branch_without_span, record_statement, remove_last_span

# The name that the semantic conventions have for each of Django's vendors.
_SYSTEMS = {"postgresql": "postgresql", "sqlite": "sqlite", "mysql": "mysql", "oracle": "oracle.db"}


def install() -> Undo:
    """Have Django's cursors record; return the function that undoes it."""
    return combine(
        on_import("django.db.backends.utils", _hook_cursors),
        on_import("django.db.backends.sqlite3.operations", _hook_quoting),
    )


def _hook_cursors(utils: Any) -> Undo:
    # The class that logs queries is derived from this one.
    cursors = utils.CursorWrapper
    return combine(
        replace(cursors, "execute", partial(_make, many=False)),
        replace(cursors, "executemany", partial(_make, many=True)),
    )


def _make(original: Callable[..., Any], patch: Patch, *, many: bool) -> Callable[..., Any]:
    @guarded("a query of Django was recorded")
    def record(args: tuple[Any, ...], kwargs: Mapping[str, Any], started: int, error: BaseException | None) -> None:
        if error is None and find_branch_without_span(started) is None:
            return  # nearly always, and the rest is dear
        connection = find_argument(args, kwargs, 0, "self").db
        record_statement(
            find_argument(args, kwargs, 1, "sql"),
            started=started,
            system=_SYSTEMS.get(connection.vendor, connection.vendor),
            namespace=connection.settings_dict.get("NAME"),
            library="django",
            error=error,
            batch=count_parameter_sets(find_argument(args, kwargs, 2, "param_list")) if many else None,
        )

    def execute(*args: Any, **kwargs: Any) -> Any:
        started = time.time_ns()
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            if patch.active:
                record(args, kwargs, started, error)
            remove_own_frame(error)
            raise
        if patch.active:
            record(args, kwargs, started, None)
        return result

    return execute


def _hook_quoting(operations: Any) -> Undo | None:
    """
    Take the statements by which Django has SQLite quote parameters out of the trail, as soon as they are there.

    With ``DEBUG = True`` each statement is followed by one. They are never
    shown, and would push others out.
    """
    owner: Any = getattr(operations, "DatabaseOperations", None)
    if not hasattr(owner, _QUOTE):
        return None

    def make(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        def quote(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(*args, **kwargs)
            except BaseException as error:
                remove_own_frame(error)
                raise
            finally:
                if patch.active:
                    remove_last_span(is_quoting_statement)

        return quote

    return replace(owner, _QUOTE, make)


_QUOTE = "_quote_params_for_last_executed_query"
