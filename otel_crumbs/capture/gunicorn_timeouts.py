"""
Workers of gunicorn that are over their timeout.

The master sends SIGABRT to a worker that was silent for too long, and SIGKILL a
moment later. The worker's handler of SIGABRT raises SystemExit in the midst of
whatever hangs. Before it does, the hang is reported: where the code is, what it
did until then, and which spans are in flight. A worker in C code that does not
come back to Python never gets there; the recorder keeps its trail.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, MethodType
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.mechanisms import HANG
from otel_crumbs.base.patching import Patch, Undo, on_import, replace
from otel_crumbs.trails import Branch, current, iterate_branches, mark_exception

from .reporter import Reporter
from .thread_stacks import describe_threads, find_frame, make_traceback


class WorkerTimeout(Exception):  # noqa: N818 - the name that the event has
    """A worker was silent for longer than its server tolerates; it is never raised."""

    # Events name the class without a module, as they do the other ways in which a process ends.
    __module__ = "builtins"


class WorkerTimeouts:
    """
    Reports the hang of a worker.

    Args:
        reporter: Gets the hang.
        save: Called after that, for the process may be killed a moment later.

    """

    def __init__(self, reporter: Reporter, save: Callable[[], object]) -> None:
        self._reporter = reporter
        self._save = save

    @guarded("the timeout of a worker was reported")
    def report(self, worker: Any, frame: FrameType | None) -> None:
        """Report the hang of this process, whose main thread is in a frame."""
        here = current.find_branch()
        hanging = [here] if here.operation is not None else _find_open() or [here]
        branch, thread = hanging[0], threading.get_ident()
        if branch is not here and (other := find_frame(branch.thread)) is not None:
            frame, thread = other, branch.thread
        seconds = getattr(getattr(worker, "cfg", None), "timeout", None)
        error = WorkerTimeout(f"gunicorn's worker was silent for more than its timeout of {seconds} s")
        error.__traceback__ = make_traceback(frame)
        error.__notes__ = describe_threads(thread)  # type: ignore[attr-defined]  # PEP 678, on Python 3.10 too
        spans = [*branch.iterate_open_spans()]
        mark_exception(error, branch, spans[-1].context if spans else branch.root_context)
        self._reporter.report(
            error, mechanism=HANG, handled=False, fatal=True, branch=branch, others=tuple(hanging[1:])
        )
        self._save()


def install(reporter: Reporter, save: Callable[[], object]) -> Undo:
    """Report workers that are over their timeout, and save that; return the function that undoes it."""
    timeouts = WorkerTimeouts(reporter, save)

    def make(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def handle_abort(self: Any, sig: int, frame: FrameType | None) -> None:
            if patch.active:
                timeouts.report(self, frame)
            try:
                original(self, sig, frame)
            except BaseException as error:
                remove_own_frame(error)
                raise

        return handle_abort

    def attach(module: Any) -> Undo | None:
        before = vars(module.Worker).get("handle_abort")
        if before is None:
            return None
        undo = replace(module.Worker, "handle_abort", make)
        _replace_handler(before)

        def undo_both() -> None:
            ours = vars(module.Worker).get("handle_abort")
            undo()
            _replace_handler(ours)

        return undo_both

    return on_import("gunicorn.workers.base", attach)


def _replace_handler(function: Any) -> None:
    """Set the handler again that a worker has set before this, as one that imports the application itself has."""
    handler = signal.getsignal(signal.SIGABRT)
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and isinstance(handler, MethodType) and handler.__func__ is function:
        signal.signal(signal.SIGABRT, handler.__self__.handle_abort)  # type: ignore[attr-defined]  # a worker


def _find_open() -> list[Branch]:
    """Return the first branches of the operations that are open, the one that began first in front."""
    found = [
        (branch.operation.began_at, branch.operation.number, branch)
        for branch in iterate_branches()
        if branch.parent is None and branch.operation is not None and not branch.operation.ended
    ]
    return [branch for _, _, branch in sorted(found, key=lambda each: each[:2])]
