"""The instrumentations of OpenTelemetry that are active in this process."""

from __future__ import annotations

import sys


def is_instrumentation_active(module: str, instrumentor: str) -> bool:
    """
    Return whether an instrumentation is active, without importing it or running any of its code.

    Its class is not called, though that returns the one instance there is: its
    ``__init__`` would run again on it, and make it forget what it had set up.

    Args:
        module: The full name of the instrumentor's module.
        instrumentor: The name of its class.

    """
    found = getattr(sys.modules.get(module), instrumentor, None)
    instance = getattr(found, "_instance", None)
    return bool(getattr(instance, "is_instrumented_by_opentelemetry", False))
