"""
The instrumentations of OpenTelemetry: which are active in this process, and whether they are suppressed right here.

`opentelemetry.instrumentation.utils` has the functions for suppression, too.
It imports wrapt, and with it asyncio and a good part of the standard library,
which takes longer than all that is installed here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context
from opentelemetry.context import _SUPPRESS_HTTP_INSTRUMENTATION_KEY, _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.trace import get_current_span

# Of web frameworks: where a span is current already, their span of a request is of kind INTERNAL.
REQUEST_SCOPES = frozenset(
    f"opentelemetry.instrumentation.{name}"
    for name in ("asgi", "django", "falcon", "fastapi", "flask", "pyramid", "starlette", "tornado", "wsgi")
)
KAFKA_SCOPES = frozenset({"opentelemetry.instrumentation.kafka", "opentelemetry.instrumentation.aiokafka"})

# Instrumentations of earlier releases know this one alone.
_PLAIN_KEY = "suppress_instrumentation"


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


def is_instrumentation_enabled() -> bool:
    """Return whether nobody suppresses instrumentation in the current context."""
    return not (context.get_value(_SUPPRESS_INSTRUMENTATION_KEY) or context.get_value(_PLAIN_KEY))


def is_traced_http_call() -> bool:
    """
    Return whether an instrumented HTTP client is at work in the current context, and has a span for it.

    It suppresses the instrumentations of whatever it is built on, whether a
    span is made or nobody has set up an SDK.
    """
    return (
        bool(context.get_value(_SUPPRESS_HTTP_INSTRUMENTATION_KEY)) and get_current_span().get_span_context().is_valid
    )


@contextmanager
def suppress_instrumentation() -> Iterator[None]:
    """Suppress every instrumentation in a block."""
    suppressed = context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, True)  # noqa: FBT003 - OpenTelemetry's signature
    token = context.attach(context.set_value(_PLAIN_KEY, True, suppressed))  # noqa: FBT003 - OpenTelemetry has it so
    try:
        yield
    finally:
        context.detach(token)
