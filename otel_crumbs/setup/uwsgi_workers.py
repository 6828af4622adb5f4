"""
Workers of uWSGI, which its master forks without Python's hooks.

Nothing of this package knows of such a fork. uWSGI calls a function in each worker
before its first request, which is the moment to leave behind what the master did.
In the master no thread may be started: a worker that is forked while one waits for the
interpreter's lock waits for that thread for ever. Older releases of uWSGI run no threads
at all unless they are told ``--enable-threads``. Events are saved then, and delivered when
the process ends, or by another one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from otel_crumbs.base.fork import detect_fork
from otel_crumbs.base.guard import guarded, warn
from otel_crumbs.base.patching import Undo, combine, on_import
from otel_crumbs.base.threads import forbid_threads
from otel_crumbs.trails import current

# The attribute of the module `uwsgi` with the function that is called in each worker.
_HOOK = "post_fork_hook"


def install(look: Callable[[], object]) -> Undo:
    """
    Let workers of uWSGI begin as children that Python forked do; return the function that undoes it.

    Args:
        look: Called in a worker, to deliver what its master and earlier workers saved.

    """

    @guarded("a worker of uWSGI began")
    def begin() -> None:
        if detect_fork():
            current.reset()
        look()

    return combine(
        on_import("uwsgi", partial(_attach, begin=begin)),
        # This module comes later, and puts its own function into the place of ours.
        on_import("uwsgidecorators", partial(_attach_to_decorators, begin=begin)),
    )


def _attach(uwsgi: Any, begin: Callable[[], None]) -> Undo:
    before, master = vars(uwsgi).get(_HOOK), os.getpid()
    active = True

    def post_fork_hook() -> None:
        if active:
            begin()
        if before is not None:
            before()

    def undo() -> None:
        nonlocal active
        active = False
        if vars(uwsgi).get(_HOOK) is not post_fork_hook:
            return
        if before is None:
            delattr(uwsgi, _HOOK)
        else:
            setattr(uwsgi, _HOOK, before)

    def is_forbidden() -> bool:
        return not has_threads or (os.getpid() == master and uwsgi.worker_id() == 0)

    has_threads = getattr(uwsgi, "has_threads", True)
    if not has_threads:
        warn(
            "uWSGI without threads",
            "uWSGI runs no threads, so error events are kept in the spool and delivered when a worker ends. "
            "Remedy: start it with --enable-threads.",
        )
    setattr(uwsgi, _HOOK, post_fork_hook)
    return combine(undo, forbid_threads(is_forbidden))


def _attach_to_decorators(decorators: Any, begin: Callable[[], None]) -> Undo:
    decorators.postfork_chain.insert(0, begin)

    def undo() -> None:
        if begin in decorators.postfork_chain:
            decorators.postfork_chain.remove(begin)

    return undo
