"""
Failures that a child of a pool of processes hands to its parent, with what the child did.

`multiprocessing.Pool` and `concurrent.futures.ProcessPoolExecutor` send an exception to
the parent inside an object that exists only for that. Its pickle is given the
child's breadcrumbs, which the parent keeps beside the exception: the exception and its
own pickle are as before. Jobs in one child are siblings, though they share its thread.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from otel_crumbs.trails import (
    NOTABLE_LEVELS,
    Branch,
    Breadcrumb,
    Entry,
    EntryKind,
    current,
    find_views,
    mark_exception,
    mark_of,
    take_snapshot,
)

if TYPE_CHECKING:
    from otel_crumbs.event.rendering import render_snapshot
else:
    render_snapshot = LateFunction("otel_crumbs.event.rendering", "render_snapshot")

# By module, the class that carries an exception to the parent, the function that children run, whose first argument is
# the queue of their jobs.
_POOLS = {
    "multiprocessing.pool": ("ExceptionWithTraceback", "worker"),
    "concurrent.futures.process": ("_ExceptionWithTraceback", "_process_worker"),
}
# What the breadcrumbs of one exception may weigh on their way, in bytes.
_MAX_BYTES = 60_000
# The names of a child's only thread, as it is in most.
_MAIN = (None, "MainThread")
_NAMES = tuple(field.name for field in fields(Breadcrumb))

# A fork copies it; a spawned child has it where breadcrumbs are installed in the child, too.
_installed: list[object] = []


def install() -> Undo:
    """Send the breadcrumbs of children along with their exceptions; return the function that undoes it."""
    token = object()
    _installed.append(token)
    if (process := sys.modules.get("multiprocessing.process")) is not None:
        # That may be a child whose initializer is `otel_crumbs.install`.
        _watch_jobs(process.current_process())
    return combine(
        lambda: _installed.remove(token),
        # This private method is the only one that runs in every child and in no parent.
        on_import("multiprocessing.process", lambda module: replace(module.BaseProcess, "_bootstrap", _make_bootstrap)),
        *[on_import(module, partial(_attach, carrier)) for module, (carrier, _) in _POOLS.items()],
    )


def _attach(carrier: str, module: Any) -> Undo:
    return replace(getattr(module, carrier), "__reduce__", _make_reduce)


def _make_bootstrap(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def _bootstrap(*args: Any, **kwargs: Any) -> Any:
        if patch.active and args:
            _watch_jobs(args[0])
        return original(*args, **kwargs)

    return _bootstrap


@guarded("a child of a pool began")
def _watch_jobs(process: Any) -> None:
    """Begin a trail with each job of a child that is about to run, if it is one of a pool."""
    target = getattr(process, "_target", None)
    arguments = getattr(process, "_args", ())
    for module, (_, name) in _POOLS.items():
        if target is not None and target is getattr(sys.modules.get(module), name, None) and arguments:
            _watch_queue(arguments[0])


def _watch_queue(jobs: Any) -> None:
    """Begin a trail with each job that is taken from a queue, which is the child's own copy."""
    reader = jobs.__dict__.get("_reader")
    if "_recv_bytes" not in jobs.__dict__ and hasattr(reader, "recv_bytes"):
        # A pool's child has looked up `get` before its initializer is called, which may be `otel_crumbs.install`.
        jobs._reader = _JobReader(reader)  # noqa: SLF001 - there is no other way in
        return
    get = jobs.get

    def get_job(*args: Any, **kwargs: Any) -> Any:
        job = get(*args, **kwargs)
        _begin_job()
        return job

    jobs.get = get_job


class _JobReader:
    """The end of a pipe from which a child reads its jobs."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def recv_bytes(self, *args: Any) -> Any:
        job = self._reader.recv_bytes(*args)
        _begin_job()
        return job


@guarded("a job of a pool began")
def _begin_job() -> None:
    if _installed:
        current.forget_named()
        current.begin_job(None)


def make_received(
    make: Callable[..., Any], arguments: tuple[Any, ...], event_id: str | None, story: Sequence[bytes]
) -> Any:
    """
    Return the exception that a child has sent, in its parent.

    Args:
        make: The pool's own function, which makes it.
        arguments: For the function.
        event_id: Of the event by which the child has reported it, None if it has not.
        story: The child's breadcrumbs.

    """
    error = make(*arguments)
    if _installed and isinstance(error, BaseException):
        _keep_story(error, event_id, story)
    return error


def _make_reduce(original: Callable[[Any], Any], patch: Patch) -> Callable[[Any], Any]:
    def __reduce__(self: Any) -> Any:  # noqa: N807 - it is one
        reduced = original(self)
        if not patch.active or type(reduced) is not tuple or len(reduced) != 2:  # noqa: PLR2004 - a function and its arguments
            return reduced
        return _add_story(reduced, getattr(self, "exc", None)) or reduced

    return __reduce__


@guarded("the breadcrumbs of a child were sent to its parent")
def _add_story(reduced: tuple[Any, tuple[Any, ...]], error: Any) -> tuple[Any, ...] | None:
    if not isinstance(error, BaseException):
        return None
    here = current.find_branch()
    mark = mark_of(error)
    views = find_views(error, mark_exception(error, here), (here,))
    rendered, _ = render_snapshot(take_snapshot(*views))
    return make_received, (*reduced, None if mark is None else mark.event_id, _encode(rendered))


def _encode(breadcrumbs: Sequence[Breadcrumb]) -> list[bytes]:
    """Return the newest breadcrumbs that have room, oldest first."""
    process = sys.modules["multiprocessing.process"].current_process().name
    encoded: list[bytes] = []
    left = _MAX_BYTES
    for breadcrumb in reversed(breadcrumbs):
        values = {name: getattr(breadcrumb, name) for name in _NAMES}
        values["data"] = dict(breadcrumb.data)
        values["branch"] = process if breadcrumb.branch in _MAIN else f"{process} {breadcrumb.branch}"
        item = _encode_values(values)
        if item is None:
            continue
        left -= len(item)
        if left < 0:
            break
        encoded.insert(0, item)
    return encoded


def _encode_values(values: Any) -> bytes | None:
    try:
        return marshal.dumps(values)
    except ValueError:  # an object of the application's is in the data
        return None


@guarded("the breadcrumbs of a child were received")
def _keep_story(error: BaseException, event_id: str | None, story: Sequence[bytes]) -> None:
    branch = Branch(current.size)
    for item in story:
        breadcrumb = Breadcrumb(**marshal.loads(item))  # noqa: S302 - the child's own, as the pickle around it
        notable = breadcrumb.level in NOTABLE_LEVELS
        branch.append((breadcrumb.timestamp, notable, breadcrumb.branch, RECEIVED, breadcrumb.category, breadcrumb))
    mark = mark_exception(error, branch)
    if event_id is not None:
        mark.assign(event_id)


def render_received(entry: Entry) -> tuple[Breadcrumb]:
    """Return the breadcrumb of a child, as it came."""
    return (entry[-1],)


RECEIVED = EntryKind(render=render_received)
