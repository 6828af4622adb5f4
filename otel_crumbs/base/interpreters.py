"""The interpreters of a process: the main one, and those that a server such as mod_wsgi makes beside it."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

# Python 3.13 gave the module a new name.
_MODULES = ("_interpreters", "_xxsubinterpreters")


def is_in_apache() -> bool:
    """Return whether mod_wsgi runs Python in a process of Apache; the package of that name is there without it too."""
    return hasattr(sys.modules.get("mod_wsgi"), "process_group")


@cache
def is_main_interpreter() -> bool:
    """Return whether this is the interpreter with which the process began, as nearly always."""
    for name in _MODULES:
        with suppress(ImportError, AttributeError):
            interpreters: Any = import_module(name)
            return bool(interpreters.get_current() == interpreters.get_main())
    return True
