"""
What leaves the target of a `multiprocessing.Process`, and with it ends a child.

There `sys.excepthook` is not asked: `multiprocessing` prints the traceback
itself, and ends the process with ``os._exit``. A child that is spawned has the
door only where breadcrumbs are installed in it, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook

from otel_crumbs.base.guard import guarded, remove_own_frame

from .reporter import Reporter

Report = Callable[[BaseException], object]


def install(reporter: Reporter) -> Callable[[], None]:
    """Watch the children once `multiprocessing` is there, and never import it for that; returns what undoes it."""
    undos: list[Callable[[], None]] = []
    active = True

    @guarded("an exception that ends a child process was reported")
    def report(error: BaseException) -> None:
        reporter.report(error, mechanism="multiprocessing", handled=False, fatal=True)

    def hook(process: Any) -> None:
        if active:
            undos.append(_watch(process.BaseProcess, report))

    def undo() -> None:
        nonlocal active
        active = False
        for step in undos:
            step()

    register_post_import_hook(guarded("multiprocessing was hooked")(hook), "multiprocessing.process")
    return undo


def _watch(process: Any, report: Report) -> Callable[[], None]:
    original = process._bootstrap  # noqa: SLF001 - nothing else runs in every child and in no parent
    active = True

    @guarded("a child process began")
    def watch_target(self: Any) -> None:
        self.run = _reporting(self.run, report)

    def _bootstrap(self: Any, *args: Any, **kwargs: Any) -> Any:
        if active:
            watch_target(self)
        return original(self, *args, **kwargs)

    def undo() -> None:
        nonlocal active
        active = False
        if process._bootstrap is _bootstrap:  # noqa: SLF001 - as above
            process._bootstrap = original  # noqa: SLF001 - as above

    process._bootstrap = _bootstrap  # noqa: SLF001 - as above
    return undo


def _reporting(run: Callable[[], Any], report: Report) -> Callable[[], Any]:
    def reporting() -> Any:
        try:
            return run()
        except BaseException as error:
            report(error)
            remove_own_frame(error)
            raise

    return reporting
