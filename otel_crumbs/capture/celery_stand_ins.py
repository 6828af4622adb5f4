"""
Exceptions of Celery's tasks that cannot be pickled.

Celery handles one of another class in their place, whatever the pool and the serializer:
the nearest base class that can be pickled, or one that has the name of the class as text.
Its log, its signals and its instrumentation get that one. Here the two are known for one
failure, as long as Celery handles it: the event is the real exception's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from otel_crumbs.base.exceptions import stand_ins
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from otel_crumbs.trails import current, mark_exception

from .expected import find_declared
from .reporter import HELD_BACK, Reporter

# Returns the attributes of a task, by its name and its id.
Describe = Callable[[Any, Any], Mapping[str, Any]]
# The failures that Celery handles at this moment, by the addresses of their exceptions.
_handled: dict[int, BaseException] = {}


def install(reporter: Reporter, describe: Describe) -> Undo:
    """
    Report the real exceptions; return the function that undoes it.

    Args:
        reporter: Gets those that nothing else reports.
        describe: Returns the attributes of a task.

    """
    return on_import(
        "celery.app.trace",
        lambda module: combine(
            replace(module, "get_pickleable_exception", _make_getter),
            replace(module.TraceInfo, "handle_failure", partial(_make_handler, reporter, describe)),
        ),
    )


def is_declared(task: Any, error: BaseException) -> bool:
    """Return whether a task is declared to throw an exception."""
    return issubclass(type(error), find_declared(task))


def _make_getter(original: Callable[[Any], Any], patch: Patch) -> Callable[[Any], Any]:
    def get_pickleable_exception(error: Any) -> Any:
        found = original(error)
        if found is not error and patch.active:
            _remember(found, error)
        return found

    return get_pickleable_exception


@guarded("an exception that cannot be pickled was noticed")
def _remember(stand_in: Any, error: Any) -> None:
    handled = _handled.get(id(error))
    if isinstance(stand_in, BaseException) and handled is not None and handled is error:
        stand_ins[id(stand_in)] = stand_in, handled


def _make_handler(
    reporter: Reporter, describe: Describe, original: Callable[..., Any], patch: Patch
) -> Callable[..., Any]:
    def handle_failure(self: Any, task: Any, request: Any, *args: Any, **options: Any) -> Any:
        error = self.retval
        if not patch.active or not isinstance(error, BaseException):
            return original(self, task, request, *args, **options)
        _handled[id(error)] = error
        _settle_declared(task, error)
        try:
            return original(self, task, request, *args, **options)
        finally:
            _handled.pop(id(error), None)
            _settle(reporter, error, lambda: describe(task.name, request.id))

    return handle_failure


@guarded("a task of Celery failed as it is declared to")
def _settle_declared(task: Any, error: BaseException) -> None:
    # Celery compares what stands in for it, and takes it for unexpected.
    if is_declared(task, error):
        mark_exception(error, current.find_branch()).assign(HELD_BACK)


@guarded("a task of Celery failed")
def _settle(reporter: Reporter, error: BaseException, describe: Callable[[], Mapping[str, Any]]) -> None:
    """Report an exception that something stood in for, unless it was, and forget what did."""
    for key, (stand_in, original) in stand_ins.copy().items():
        if original is error:
            stand_ins.pop(key, None)
            reporter.report(error, mechanism="operation", handled=False, attributes=describe())
            reporter.settle_stand_in(stand_in)
