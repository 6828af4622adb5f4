"""
Celery tasks that fail outside of any child, and the name and the id of a task.

The parent of a prefork pool kills a child that is over its hard time limit: the child
reports nothing, and there is no span. Celery sends the signal `task_failure` there all the
same, by some releases twice, with an exception of its own each time.
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from otel_crumbs.base.exceptions import find_carried
from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from otel_crumbs.base.plain import name_class
from otel_crumbs.trails import Branch, Operation, current, mark_exception

from . import celery_stand_ins
from .reporter import HELD_BACK, Reporter

_LOGGERS = frozenset({"celery.app.trace", "celery.worker.request"})
# Returns a branch with what the child of a process id has done, in an operation of a name.
FindStory = Callable[[int, str], Branch | None]
_finders: list[FindStory] = []
# Returns whether the death of the child of a process id has an event of its own.
IsReported = Callable[[int], bool]
_reports: list[IsReported] = []
# With this a parent says that its child has died.
_LOST = "billiard.exceptions.WorkerLostError"
# And with this that it kills the child for its task's hard time limit.
_LATE = "billiard.exceptions.TimeLimitExceeded"
# The tasks that failed last: the two signals of one come together.
_MAX_TASKS = 100


def install(reporter: Reporter) -> Undo:
    """Report tasks that fail in the parent of a pool; return the function that undoes it."""
    known: deque[tuple[Any, type]] = deque(maxlen=_MAX_TASKS)
    stories: dict[Any, Branch] = {}

    @guarded("a failed task of Celery was reported")
    def report(*, sender: Any = None, task_id: Any = None, exception: Any = None, **_: Any) -> None:
        failure = task_id, type(exception)
        if not isinstance(exception, BaseException) or _is_in_task() or failure in known:
            return
        known.append(failure)
        if celery_stand_ins.is_declared(sender, exception):
            return
        name = getattr(sender, "name", None)
        reporter.report(
            exception,
            mechanism="operation",
            handled=False,
            branch=stories.pop(task_id, None) or _begin_story(name),
            attributes=_make_attributes(name, task_id),
        )

    def attach(signals: Any) -> Undo:
        signals.task_failure.connect(report, weak=False)
        return lambda: signals.task_failure.disconnect(report)

    return combine(
        celery_stand_ins.install(reporter, _make_attributes),
        on_import("celery.signals", attach),
        on_import(
            "celery.worker.request",
            lambda module: combine(
                replace(module.Request, "on_timeout", partial(_make_on_timeout, stories)),
                replace(module.Request, "on_failure", partial(_make_on_failure, stories)),
            ),
        ),
    )


def _make_on_timeout(stories: dict[Any, Branch], original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def on_timeout(self: Any, soft: Any, timeout: Any) -> Any:
        if patch.active and not soft:
            return _call_with_story(stories, self, original, self, soft, timeout)
        return original(self, soft, timeout)

    return on_timeout


def _make_on_failure(stories: dict[Any, Branch], original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def on_failure(self: Any, exc_info: Any, *args: Any, **options: Any) -> Any:
        kind = _find_kind(exc_info) if patch.active else None
        if kind == _LOST and _reports:
            _settle_lost_worker(self, exc_info)
        if kind == _LATE:
            # The pool says so before it calls `on_timeout`, and the child still lives.
            return _call_with_story(stories, self, partial(original, **options), self, exc_info, *args)
        return original(self, exc_info, *args, **options)

    return on_failure


def _call_with_story(stories: dict[Any, Branch], request: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a method of a request whose task is over its hard limit, with what its child has done."""
    _remember_story(stories, request)
    try:
        branch = stories.get(request.id)
        return function(*arguments) if branch is None else _call_in(branch, function, *arguments)
    finally:
        stories.pop(request.id, None)


@guarded("a task of Celery is over its time limit")
def _remember_story(stories: dict[Any, Branch], request: Any) -> None:
    pid, name = getattr(request, "worker_pid", None), f"run/{request.name}"
    found = (find(pid, name) for find in _finders) if pid else ()
    stories[request.id] = next((branch for branch in found if branch is not None), None) or _begin_story(name)


@guarded("a task of Celery failed in its parent")
def _find_kind(exc_info: Any) -> str:
    """Return the class of the exception that a request of Celery failed with, by name."""
    return name_class(type(find_carried(exc_info.exception)))


@guarded("a child of Celery died")
def _settle_lost_worker(request: Any, exc_info: Any) -> None:
    """Make no event of the parent's exception where the death of its child is one, with the child's own trail."""
    pid = getattr(request, "worker_pid", None)
    if pid is not None and any(is_reported(pid) for is_reported in _reports):
        mark_exception(find_carried(exc_info.exception), current.find_branch()).assign(HELD_BACK)


def provide_deaths(is_reported: IsReported) -> Undo:
    """Ask a function whether the death of a child has an event of its own; return its undo."""
    _reports.append(is_reported)
    return lambda: _reports.remove(is_reported)


def provide_stories(find: FindStory) -> Undo:
    """Ask a function for what the child of a pool has done whose task is over its hard limit; return its undo."""
    _finders.append(find)
    return lambda: _finders.remove(find)


def _begin_story(name: Any) -> Branch:
    # The parent's own breadcrumbs are of many tasks.
    return Branch(current.size, Operation(name=name if type(name) is str else None))


def _call_in(branch: Branch, function: Callable[..., Any], *args: Any) -> Any:
    attached = current.attach_branch(branch)
    try:
        return function(*args)
    finally:
        current.release_branch(attached)


def find_task_attributes(record: logging.LogRecord) -> Mapping[str, Any]:
    """Return the name and the id of the task that a log record of Celery is about; nothing of other records."""
    details = getattr(record, "data", None) if record.name in _LOGGERS else None
    return _make_attributes(details.get("name"), details.get("id")) if type(details) is dict else {}


def _make_attributes(name: Any, task_id: Any) -> dict[str, Any]:
    """Return attributes as the instrumentation of Celery names them."""
    found = {"celery.task_name": name, "messaging.message.id": task_id}
    return {"messaging.system": "celery", **{key: value for key, value in found.items() if type(value) is str}}


def _is_in_task() -> bool:
    """Return whether a task runs here, whose failure is reported with its own trail."""
    return sys.modules["celery._state"].get_current_task() is not None
