"""
The exception that leaves the target of a `multiprocessing.Process` and ends the child.

`sys.excepthook` is not called there: `multiprocessing` prints the traceback
itself, and ends the process with ``os._exit``. A child that is spawned, not
forked, is covered only where breadcrumbs are installed in it, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, on_import, replace

from .reporter import Reporter

Report = Callable[[BaseException], object]


def install(reporter: Reporter) -> Undo:
    """Report the exceptions that end child processes; return the function that undoes it."""

    @guarded("an exception that ends a child process was reported")
    def report(error: BaseException) -> None:
        reporter.report(error, mechanism="multiprocessing", handled=False, fatal=True)

    def make(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        @guarded("a child process began")
        def wrap_target(process: Any) -> None:
            process.run = _wrap_run(process.run, report)

        def _bootstrap(*args: Any, **kwargs: Any) -> Any:
            if patch.active and args:
                wrap_target(args[0])
            return original(*args, **kwargs)

        return _bootstrap

    # This private method is the only one that runs in every child and in no parent.
    return on_import("multiprocessing.process", lambda module: replace(module.BaseProcess, "_bootstrap", make))


def _wrap_run(run: Callable[[], Any], report: Report) -> Callable[[], Any]:
    def run_and_report() -> Any:
        try:
            return run()
        except BaseException as error:
            report(error)
            remove_own_frame(error)
            raise

    return run_and_report
