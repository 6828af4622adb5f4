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
from typing import Any, TypeVar
from uuid import UUID

from .async_exceptions import is_thrown_in
from .threads import ThreadFlag

T = TypeVar("T")

_get_module, _get_qualname = (vars(type)[name].__get__ for name in ("__module__", "__qualname__"))

# As Sentry's relay cuts them; larger values are no trail but a dump.
MAX_MESSAGE = 8192
MAX_TEXT = 2048
MAX_STACKTRACE = 64 * 1024
MAX_ITEMS = 64
MAX_DEPTH = 5
# Of a value with all that it holds: lists that hold one another by reference have a million items in four levels.
MAX_ITEMS_IN_ALL = 1000
MAX_CHARACTERS_IN_ALL = 64 * 1024

CUT = "…"
# A text that is cut keeps its end as well: a third of what is left.
_TAIL_SHARE = 3
# What is left of each text where the characters of a whole value are used up.
_MAX_LAST_TEXT = 32

# So many of such keys and values as there may be have room for all their characters.
_SHORT_TEXT = MAX_CHARACTERS_IN_ALL // MAX_ITEMS // 2
_MIN_INT, _MAX_INT = -(2**63), 2**63 - 1
# Whether a value of the application's is asked for its text here. Its code may leave a note with the value itself.
_asking = ThreadFlag()
_READ_AS_TEXT = (date, time, timedelta, PathLike, UUID)


class ValueLimits:
    """The room that is left for the items and the characters of one value, at all levels together."""

    __slots__ = ("characters", "items")

    def __init__(self) -> None:
        self.items = MAX_ITEMS_IN_ALL
        self.characters = MAX_CHARACTERS_IN_ALL

    def cut(self, text: str) -> str:
        """Return a text, cut to what there is room for."""
        if len(text) > self.characters:
            text = cut_text(text, max(self.characters, _MAX_LAST_TEXT))
        self.characters -= len(text)
        return text

    def take(self, items: Iterable[T]) -> list[T]:
        """Return the first items of one level, as many as there is room for; those inside them come after these."""
        taken = [*islice(items, max(0, min(MAX_ITEMS, self.items)))]
        self.items -= len(taken)
        return taken


def to_plain(value: Any, depth: int = MAX_DEPTH, room: ValueLimits | None = None) -> Any:
    """
    Return a plain copy of a value: str, int, float, bool, None, and lists and dicts of these.

    Args:
        value: The value.
        depth: How many levels of lists and mappings are copied; deeper ones are named by their class.
        room: What is left for the value that this one is part of, None for a whole value.

    """
    kind = type(value)
    if kind is str:
        if room is not None:
            value = room.cut(value if len(value) <= MAX_TEXT else cut_text(value))
        return to_text(cut_text(value))
    if kind is bool or value is None:
        return value
    try:
        # What it is may be its own idea, and so may be what makes a number of it.
        if isinstance(value, int):
            return _to_plain_integer(int.__int__(value))
        if isinstance(value, float):
            return _to_plain_number(float.__float__(value))
        plain = _to_plain_compound(value, depth, room)
        return room.cut(plain) if room is not None and type(plain) is str else plain
    except BaseException as error:
        # The application's own code runs here, and may do anything.
        if is_thrown_in(error):
            raise
        return f"<{name_class(type(value))}: {type(error).__name__} while it was read>"


def to_plain_mapping(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a plain copy of a mapping; keys become text."""
    if type(data) is dict and len(data) <= MAX_ITEMS and is_plain(data):
        return data.copy()
    cleaned = to_plain(data)
    return cleaned if isinstance(cleaned, dict) else {"value": cleaned}


def is_plain(data: dict[Any, Any]) -> bool:
    """Return whether a dictionary is one of short texts of ASCII and simple values already, as nearly all are."""
    for key, value in data.items():
        if type(key) is not str or len(key) > _SHORT_TEXT or not key.isascii():
            return False
        kind = type(value)
        if kind is str:
            if len(value) > _SHORT_TEXT or not value.isascii():
                return False
        elif kind is int:
            if not _MIN_INT <= value <= _MAX_INT:
                return False
        elif kind is float:
            if not math.isfinite(value):
                return False
        elif kind is not bool and value is not None:
            return False
    return True


def cut_text(value: str, limit: int = MAX_TEXT) -> str:
    """Return a string of at most *limit* characters: of a longer one the beginning and the end."""
    if len(value) <= limit:
        return value
    tail = limit // _TAIL_SHARE
    return f"{value[: limit - tail - 1]}{CUT}{value[len(value) - tail :]}"


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


def _to_plain_compound(value: Any, depth: int, room: ValueLimits | None) -> Any:
    if isinstance(value, str):
        return to_text(cut_text(str.__str__(value)))
    if isinstance(value, bytes | bytearray | memoryview):
        return to_text(bytes(value[:MAX_TEXT]).decode("utf-8", "backslashreplace"))
    if isinstance(value, _READ_AS_TEXT):
        return to_text(str(value))
    is_mapping = isinstance(value, Mapping)
    if is_mapping or isinstance(value, list | tuple | AbstractSet):
        if depth <= 0 or (room is not None and room.items <= 0):
            return f"<{name_class(type(value))}>"
        copy = _to_plain_items if is_mapping else _to_plain_list
        return copy(value, depth - 1, room or ValueLimits())
    if isinstance(value, Iterable) or hasattr(value, "__await__") or _asking.is_set:
        return f"<{name_class(type(value))}>"  # a query set, a generator, a file: not ours to exhaust
    with _asking.set():
        return to_text(cut_text(_ask_text(value)))


def _ask_text(value: Any) -> str:
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    # Decimal, Fraction and other numbers have that, and are not imported for it. Asked last: some have any attribute.
    return str(value) if hasattr(value, "as_integer_ratio") else repr(value)


def _to_plain_items(value: Mapping[Any, Any], depth: int, room: ValueLimits) -> dict[str, Any]:
    return {_to_plain_key(key, room): to_plain(item, depth, room) for key, item in room.take(value.items())}


def _to_plain_list(value: Iterable[Any], depth: int, room: ValueLimits) -> list[Any]:
    return [to_plain(item, depth, room) for item in room.take(value)]


def _to_plain_key(key: Any, room: ValueLimits) -> str:
    return room.cut(to_text(key)) if type(key) is str else str(to_plain(key, 0, room))


def name_class(kind: type) -> str:
    """Return the full name of a class, as the interpreter keeps it: a metaclass may have ideas of its own."""
    return f"{_get_module(kind)}.{_get_qualname(kind)}"
