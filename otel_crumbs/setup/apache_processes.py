"""
Processes of Apache, in which mod_wsgi runs Python.

Apache keeps the signals to itself, and forks before mod_wsgi starts Python, so a process
is like any other where the application has the main interpreter. By default it has another
one. mod_wsgi forgets all threads of that before it calls the functions of `atexit`: a thread
that runs on then is a segmentation fault. It says so beforehand to those who ask for it,
which takes its module; where `sitecustomize` installs this package, that comes later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.interpreters import is_main_interpreter
from otel_crumbs.base.patching import Undo, combine
from otel_crumbs.base.threads import forbid_threads


def install(end: Callable[[], object]) -> Undo:
    """
    Deliver before mod_wsgi ends an interpreter, and have no thread of this package left; return what undoes it.

    Args:
        end: Saves and delivers events; those that are captured later are saved at once.

    """
    interpreter = _Interpreter(end)
    interpreter.attach()
    return combine(interpreter.release, forbid_threads(interpreter.has_ended))


class _Interpreter:
    """An interpreter that mod_wsgi may have made."""

    def __init__(self, end: Callable[[], object]) -> None:
        self._end = end
        self._ended = False
        self._module: Any = None

    @guarded("the end of an interpreter was asked for")
    def attach(self) -> None:
        """Have mod_wsgi say when it ends the interpreter, once its module is there."""
        # The package of that name on PyPI is there without Apache too.
        module: Any = sys.modules.get("mod_wsgi") if self._module is None else None
        if hasattr(module, "subscribe_shutdown") and not is_main_interpreter():
            self._module = module
            module.subscribe_shutdown(self._on_shutdown)

    def release(self) -> None:
        """Have it say so no more."""
        callbacks = getattr(self._module, "shutdown_callbacks", [])
        if self._on_shutdown in callbacks:
            callbacks.remove(self._on_shutdown)

    def has_ended(self) -> bool:
        """Return whether no thread may run any more; whoever starts or ends one asks."""
        self.attach()
        return self._ended

    @guarded("an interpreter of mod_wsgi ended")
    def _on_shutdown(self, *_: object, **__: object) -> None:
        self._ended = True
        self._end()
