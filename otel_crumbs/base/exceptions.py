"""Exceptions as OpenTelemetry records them: the events of spans, and the title that people know an exception by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import WrapperDescriptorType
from typing import Any

# https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
EVENT_NAME = "exception"

_SIMPLE = frozenset({str, bool, int, float, bytes, type(None)})
_MAX_DEPTH = 3
# Asked of the base class: an exception's own attributes may be code of the application's.
_ARGUMENTS: Any = vars(BaseException)["args"]
_FILENAMES: tuple[Any, ...] = (vars(OSError)["filename"], vars(OSError)["filename2"])


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


def name_exception(exception: BaseException) -> str:
    """Return the class of an exception as OpenTelemetry names it: with its module, if that is not `builtins`."""
    kind = type(exception)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def read_message(exception: BaseException) -> str:
    """Return the message of an exception; nothing where code of the application's would have to make it."""
    return str(exception) if _has_plain_message(exception, _MAX_DEPTH) else ""


def _has_plain_message(exception: BaseException, depth: int) -> bool:
    """Return whether nothing but Python itself makes the message of an exception."""
    for method in ("__str__", "__repr__"):
        found = next(vars(kind)[method] for kind in type(exception).__mro__ if method in vars(kind))
        if type(found) is not WrapperDescriptorType:
            return False
    arguments = list(_ARGUMENTS.__get__(exception))
    if isinstance(exception, OSError):
        arguments += [filename.__get__(exception) for filename in _FILENAMES]
    return depth > 0 and all(
        type(argument) in _SIMPLE or (isinstance(argument, BaseException) and _has_plain_message(argument, depth - 1))
        for argument in arguments
    )
