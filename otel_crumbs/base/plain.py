"""
Plain values: copies of any value that are small, and safe to send from any thread.

Values that applications log and attach may be mutable, endless or circular, with
a ``__repr__`` that raises or queries a database. So a value is either of a simple
immutable type, which is kept as it is, or it is copied here, once, in bounds.
One hostile value must never cost the event or the batch: a lone surrogate or
an integer over 64 bits loses an attribute at the OTLP encoder, depth over 32
a whole batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from itertools import islice
from os import PathLike
from typing import Any
from uuid import UUID

from .async_exceptions import is_thrown_in

_get_module, _get_qualname = (vars(type)[name].__get__ for name in ("__module__", "__qualname__"))

# As Sentry's relay cuts them; larger values are no trail but a dump.
MAX_MESSAGE = 8192
MAX_TEXT = 2048
MAX_STACKTRACE = 64 * 1024
MAX_ITEMS = 64
MAX_DEPTH = 5

CUT = "…"

_MIN_INT, _MAX_INT = -(2**63), 2**63 - 1
_READ_AS_TEXT = (date, time, timedelta, PathLike, UUID)


def to_plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a plain copy of a value: str, int, float, bool, None, and lists and dicts of these."""
    kind = type(value)
    if kind is str:
        return to_text(value)
    if kind is bool or value is None:
        return value
    try:
        # What it is may be its own idea, and so may be what makes a number of it.
        if isinstance(value, int):
            return _to_plain_integer(int.__int__(value))
        if isinstance(value, float):
            return _to_plain_number(float.__float__(value))
        return _to_plain_compound(value, depth)
    except BaseException as error:
        # The application's own code runs here, and may do anything.
        if is_thrown_in(error):
            raise
        return f"<{name_class(type(value))}: {type(error).__name__} while it was read>"


def to_plain_mapping(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a plain copy of a mapping; keys become text."""
    cleaned = to_plain(data)
    return cleaned if isinstance(cleaned, dict) else {"value": cleaned}


def to_text(value: str, limit: int = MAX_TEXT) -> str:
    """Return a string that can be encoded, of at most *limit* characters."""
    if len(value) > limit:
        value = value[: limit - 1] + CUT
    if value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def _to_plain_integer(value: int) -> int | str:
    if _MIN_INT <= value <= _MAX_INT:
        return value
    # Python refuses to write out integers of more than 4300 digits.
    return str(value) if value.bit_length() < MAX_TEXT else f"<integer of {value.bit_length()} bits>"


def _to_plain_number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _to_plain_compound(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return to_text(str.__str__(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return to_text(bytes(value[:MAX_TEXT]).decode("utf-8", "backslashreplace"))
    if isinstance(value, _READ_AS_TEXT):
        return to_text(str(value))
    if isinstance(value, Mapping):
        return f"<{name_class(type(value))}>" if depth <= 0 else _to_plain_items(value, depth)
    if isinstance(value, list | tuple | AbstractSet):
        return f"<{name_class(type(value))}>" if depth <= 0 else _to_plain_list(value, depth)
    if isinstance(value, BaseException):
        return to_text(f"{type(value).__name__}: {value}")
    if isinstance(value, Iterable) or hasattr(value, "__await__"):
        return f"<{name_class(type(value))}>"  # a query set, a generator, a file: not ours to exhaust
    # Decimal, Fraction and other numbers have that, and are not imported for it. Asked last: some have any attribute.
    return to_text(str(value) if hasattr(value, "as_integer_ratio") else repr(value))


def _to_plain_items(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    return {_to_plain_key(key): to_plain(item, depth - 1) for key, item in islice(value.items(), MAX_ITEMS)}


def _to_plain_list(value: Iterable[Any], depth: int) -> list[Any]:
    return [to_plain(item, depth - 1) for item in islice(value, MAX_ITEMS)]


def _to_plain_key(key: Any) -> str:
    return to_text(key) if type(key) is str else str(to_plain(key, 0))


def name_class(kind: type) -> str:
    """Return the full name of a class, as the interpreter keeps it: a metaclass may have ideas of its own."""
    return f"{_get_module(kind)}.{_get_qualname(kind)}"
