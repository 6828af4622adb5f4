"""Django's ``got_request_exception``: what middleware and templates raise, which no span shows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook

from otel_crumbs.base.guard import guarded
from otel_crumbs.trails import current

from .reporter import Reporter


def install(reporter: Reporter) -> Callable[[], None]:
    """Listen once Django is there, and never import it for that; returns what undoes it."""
    undos: list[Callable[[], None]] = []
    active = True

    @guarded("Django's got_request_exception was received")
    def received(**_: Any) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            # Under ASGI this runs in a thread of its own, which has nothing of what the request did elsewhere.
            reporter.report(error, mechanism="django", handled=False, branch=current.branch().widest_branch)

    def connect(signals: Any) -> None:
        if active:
            signals.got_request_exception.connect(received, weak=False)
            undos.append(lambda: signals.got_request_exception.disconnect(received))

    def undo() -> None:
        nonlocal active
        active = False
        for step in undos:
            step()

    register_post_import_hook(guarded("Django was hooked")(connect), "django.core.signals")
    return undo
