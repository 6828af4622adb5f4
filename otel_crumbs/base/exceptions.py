"""Exceptions as OpenTelemetry records them: the events of spans, and the title that people know an exception by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
EVENT_NAME = "exception"


def find_exception_event(events: Iterable[Any]) -> Mapping[str, Any] | None:
    """Return the attributes of the last exception that a span recorded, None where it recorded none."""
    for event in reversed(tuple(events)):
        if event.name == EVENT_NAME:
            return event.attributes or {}
    return None


def format_title(type_name: str, message: str) -> str:
    """Return ``ValueError: boom``, the class without its module; only the class where there is no message."""
    name = type_name.rpartition(".")[2]
    return f"{name}: {message}" if message else name
