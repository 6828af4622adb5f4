"""Django's signal ``got_request_exception``: exceptions of middleware and templates, which no span shows."""

from __future__ import annotations

import sys
from typing import Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Undo, on_import
from otel_crumbs.trails import current

from .reporter import Reporter


def install(reporter: Reporter) -> Undo:
    """Connect a receiver to the signal once Django is imported; return the function that undoes it."""

    @guarded("Django's got_request_exception was received")
    def receive(**_: Any) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            # Under ASGI the signal is sent in a thread of its own, whose branch lacks what the request did elsewhere.
            reporter.report(error, mechanism="django", handled=False, branch=current.find_branch().widest_branch)

    def connect(signals: Any) -> Undo:
        signals.got_request_exception.connect(receive, weak=False)
        return lambda: signals.got_request_exception.disconnect(receive)

    return on_import("django.core.signals", connect)
