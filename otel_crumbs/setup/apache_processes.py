"""
Processes of Apache, in which mod_wsgi runs Python.

Apache keeps the signals to itself, and forks before mod_wsgi starts Python, so a process
is like any other where the application has the main interpreter. By default it has another
one. mod_wsgi forgets all threads of that before it calls the functions of `atexit`: a thread
that runs on then is a segmentation fault. It says so beforehand to those who ask for it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.interpreters import is_main_interpreter
from otel_crumbs.base.patching import Undo, combine, on_import
from otel_crumbs.base.threads import forbid_threads


def install(end: Callable[[], object]) -> Undo:
    """
    Deliver before mod_wsgi ends an interpreter, and have no thread of this package left; return what undoes it.

    Args:
        end: Saves and delivers events; those that are captured later are saved at once.

    """
    return on_import("mod_wsgi", partial(_attach, end=end))


def _attach(mod_wsgi: Any, end: Callable[[], object]) -> Undo | None:
    # The package of that name on PyPI is there without Apache too.
    subscribe = getattr(mod_wsgi, "subscribe_shutdown", None)
    if subscribe is None or is_main_interpreter():
        return None
    ended = False

    @guarded("an interpreter of mod_wsgi ended")
    def on_shutdown(*_: object, **__: object) -> None:
        nonlocal ended
        ended = True
        end()

    subscribe(on_shutdown)
    return combine(partial(_forget, mod_wsgi, on_shutdown), forbid_threads(lambda: ended))


def _forget(mod_wsgi: Any, callback: Callable[..., object]) -> None:
    callbacks = getattr(mod_wsgi, "shutdown_callbacks", [])
    if callback in callbacks:
        callbacks.remove(callback)
