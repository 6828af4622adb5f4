"""The application's own resource: the attributes that name it and say where it runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider


def find_resource_attributes() -> Mapping[str, Any]:
    """Return the application's own resource, as the SDK has it now."""
    for provider in (trace.get_tracer_provider(), _logs.get_logger_provider()):
        if isinstance(provider, TracerProvider | LoggerProvider):
            return provider.resource.attributes
    try:
        return _detect_resource().attributes
    except RuntimeError:
        return OTELResourceDetector().detect().attributes


@cache
def _detect_resource() -> Resource:
    # Its detectors run in threads. At the end of the interpreter Python 3.12 lets none start; before that one would be
    # waited for that never runs. Older SDKs import Python's thread pools for them, which a worker must not do while the
    # process forks or ends.
    if sys.is_finalizing() or "concurrent.futures.thread" not in sys.modules:
        raise RuntimeError("no thread may be started")
    return Resource.create()


def forget_resource() -> None:
    """Forget the resource that was detected without an SDK, so that it is detected again."""
    _detect_resource.cache_clear()


def find_service_name() -> str:
    """Return the name of the service, as far as it is known now."""
    return str(find_resource_attributes().get("service.name") or "unknown_service")
