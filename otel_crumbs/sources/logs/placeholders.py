"""
Placeholders: class names in place of the application's objects that log calls were given.

Text of an object may cost a query, an exhausted iterator or a lock, and only
the application decides whether to pay for it. So of all that is not of a simple
type nothing is asked, and a line keeps no reference to it.
"""

from __future__ import annotations

import re
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from types import MemberDescriptorType, WrapperDescriptorType
from typing import Any
from uuid import UUID

from otel_crumbs.base.exceptions import format_title
from otel_crumbs.base.plain import (
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_MESSAGE,
    MAX_TEXT,
    ValueLimits,
    cut_text,
    name_class,
    to_text,
)

SIMPLE = frozenset({str, int, float, bool, type(None)})
# Of simple types, those of which no value is large.
SMALL = frozenset({float, bool, type(None)})
# Integers between these, and texts of no more characters, are copied without a look at the room that is left.
_LEAST, _MOST = -(2**64), 2**64
_SHORT = 64
# Numbers and paths of more bytes are named by their class.
_MAX_BYTES = 16 * 1024
# Types whose instances are asked by the functions of the type, which ask nobody else.
_LISTS: dict[type, Any] = {list: list, tuple: tuple, deque: list, set: set, frozenset: frozenset}
_DICTS = frozenset({dict, OrderedDict, defaultdict})
_NUMBERS = (("decimal", "Decimal"), ("fractions", "Fraction"))
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
# Translations that Django looks up as soon as their text is needed; their first text is the one in the source.
_TRANSLATIONS = "django.utils.translation"

_CONVERSION = re.compile(r"%(\([^)]*\))?[#0\- +]*\d*(?:\.\d+)?[hlL]?[a-zA-Z]")


class Placeholder:
    """The text in place of an object."""

    __slots__ = ("_representation", "_text")

    def __init__(self, text: str, representation: str | None = None) -> None:
        self._text = text
        self._representation = text if representation is None else representation

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return self._representation

    def __format__(self, specification: str) -> str:
        return self._text


_AS_THEY_ARE = SIMPLE | {complex, date, timedelta, UUID, Placeholder}


class ValueCopier:
    """Copies values that a log call was given in bounds, with placeholders for the application's objects."""

    __slots__ = ("_room", "is_exact")

    def __init__(self) -> None:
        self._room = ValueLimits()
        # Whether the copies have the same text as the values.
        self.is_exact = True

    def copy(self, value: Any, depth: int = MAX_DEPTH) -> Any:
        """Return a copy that is neither the application's nor can be changed by it."""
        kind = type(value)
        if kind is str:
            return self._copy_text(value)
        if kind is int:
            return value if _LEAST < value < _MOST else self._copy_integer(value)
        if kind in _AS_THEY_ARE:
            return value
        if kind in _LISTS:
            return self._copy_list(value, kind, depth)
        if kind in _DICTS:
            return self._copy_dict(value, kind, depth)
        is_kept = _is_immutable(value, kind) and sys.getsizeof(value) <= _MAX_BYTES
        return value if is_kept else self._copy_object(value, kind)

    def _copy_text(self, value: str) -> str:
        text = self._room.cut(value if len(value) <= MAX_MESSAGE else cut_text(value, MAX_MESSAGE))
        self.is_exact = self.is_exact and len(text) == len(value)
        return text

    def _copy_integer(self, value: int) -> int | Placeholder:
        if value.bit_length() < MAX_TEXT:
            return value
        self.is_exact = False
        return Placeholder(f"<integer of {value.bit_length()} bits>")

    def _copy_list(self, value: Any, kind: type, depth: int) -> Any:
        if kind is not list and kind is not tuple:
            self.is_exact = False
        if len(value) > min(MAX_ITEMS, self._room.items) or depth <= 0:
            return self._copy_part(value, depth)
        depth -= 1
        self._room.items -= len(value)
        return _LISTS[kind]([item if _is_short(item) else self.copy(item, depth) for item in value])

    def _copy_dict(self, value: Any, kind: type, depth: int) -> Any:
        if kind is not dict:
            self.is_exact = False
        if len(value) > min(MAX_ITEMS, self._room.items) or depth <= 0:
            return self._copy_part(value, depth)
        depth -= 1
        self._room.items -= len(value)
        return {
            key if _is_short(key) else self._copy_key(key): item if _is_short(item) else self.copy(item, depth)
            for key, item in dict.items(value)
        }

    def _copy_part(self, value: Any, depth: int) -> Any:
        """Return a copy of the beginning of a long list or mapping, or the class of one that lies too deep."""
        self.is_exact = False
        most = min(MAX_ITEMS, self._room.items)
        if depth <= 0 or most <= 0:
            return Placeholder(f"<{name_class(type(value))}>")
        if type(value) in _DICTS:
            return self._copy_dict(dict(islice(tuple(dict.items(value)), most)), dict, depth)
        return self._copy_list(list(islice(value, most)), list, depth)

    def _copy_object(self, value: Any, kind: type) -> Any:
        if kind is bytes or kind is bytearray:
            # To turn these into text by `str` is a warning where Python is asked for it.
            self.is_exact = self.is_exact and len(value) <= MAX_TEXT
            return Placeholder(repr(value[:MAX_TEXT]))
        if issubclass(kind, BaseException):
            return self._copy_exception(value)
        self.is_exact = False
        text = read_translation(value)
        return Placeholder(f"<{name_class(type(value))}>" if text is None else text)

    def _copy_key(self, key: Any) -> Any:
        copy = self.copy(key, 1)
        try:
            hash(copy)
        except TypeError:
            return Placeholder(repr(copy))
        return copy

    def _copy_exception(self, error: BaseException) -> Placeholder:
        text = read_exception_text(error)
        if text is None:
            self.is_exact = False
            return Placeholder(f"<{name_class(type(error))}>")
        return Placeholder(text, format_title(name_class(type(error)), text))


def _is_short(value: Any) -> bool:
    kind = type(value)
    return len(value) <= _SHORT if kind is str else kind in SMALL


def is_small(message: str, args: Any) -> bool:
    """Return whether a record's arguments are all of simple immutable types, and no more than a line with it."""
    if type(args) is tuple:
        return is_short_line(message, args)
    if type(args) is not dict:
        return args is None and len(message) <= MAX_MESSAGE
    return all(map(_is_short, args)) and is_short_line(message, args.values())


def is_short_line(message: str, values: Collection[Any]) -> bool:
    """Return whether values are all of simple immutable types, and no more than a line with its message."""
    size = len(message)
    for value in values:
        kind = type(value)
        if kind is str:
            size += len(value)
        elif not (_LEAST < value < _MOST if kind is int else kind in SMALL):
            return False
    return size <= MAX_MESSAGE and len(values) <= MAX_ITEMS


def is_simple(args: Any) -> bool:
    """Return whether a record's arguments are all of simple immutable types."""
    if type(args) is not tuple:
        if type(args) is not dict:
            return args is None
        args = args.values()
    # A loop, for of the few that there are it is faster than all() and issuperset().
    for value in args:  # noqa: SIM110 - any() is slower
        if type(value) not in SIMPLE:
            return False
    return True


def format_words(message: Any, args: Any) -> str:
    """Return ``message % args``; the bare message where they do not fit, as raven did."""
    text = str(message)
    if not args:
        return _to_line(text)
    for words in (text, _CONVERSION.sub(r"%\1s", text) if _has_placeholders(args) else None):
        if words is None:
            break
        try:
            return _to_line(words % args)
        except (KeyError, OverflowError, TypeError, ValueError):
            continue
    return _to_line(text)


def _to_line(text: str) -> str:
    return to_text(text if len(text) <= MAX_MESSAGE else cut_text(text, MAX_MESSAGE), MAX_MESSAGE)


def read_exception_text(error: BaseException) -> str | None:
    """Return an exception's own text where no code but Python's makes it, else None."""
    makes_text = next(vars(kind)["__str__"] for kind in type(error).__mro__ if "__str__" in vars(kind))
    parts: tuple[Any, ...] = BaseException.args.__get__(error)  # type: ignore[attr-defined]  # a descriptor
    if issubclass(type(error), OSError):
        parts = (*parts, *(_read_member(OSError, name, error) for name in ("filename", "filename2", "strerror")))
    elif makes_text not in {BaseException.__str__, KeyError.__str__}:
        return None
    if type(makes_text) is not WrapperDescriptorType or not is_simple(parts):
        return None
    return to_text(str(makes_text(error)), MAX_MESSAGE)


def read_translation(value: Any) -> str | None:
    """Return the text that a lazy translation of Django's has in the source, without translating it."""
    functional = sys.modules.get("django.utils.functional")
    promise = getattr(functional, "Promise", None)
    if promise is None or promise not in type(value).__mro__:
        return None
    reduce: Any = type(value).__reduce__
    function, args, kwargs = reduce(value)[1][:3]
    if getattr(function, "__module__", None) != _TRANSLATIONS:
        return None
    text = args[-1] if args else kwargs.get("singular") or kwargs.get("message")
    return text if type(text) is str else None


def _read_member(kind: type, name: str, error: BaseException) -> Any:
    descriptor: Any = vars(kind)[name]
    return descriptor.__get__(error) if isinstance(descriptor, MemberDescriptorType) else error


def _has_placeholders(args: Any) -> bool:
    values = args.values() if type(args) is dict else args
    return any(type(value) is Placeholder for value in values)


def _is_immutable(value: Any, kind: type) -> bool:
    """Return whether a value is of a class of the standard library's that makes its text of simple parts."""
    if kind is datetime:
        return value.tzinfo is None or type(value.tzinfo) is timezone
    if kind.__module__ not in {"decimal", "fractions", "pathlib", "pathlib._local"}:
        return False
    pathlib = sys.modules.get("pathlib")
    known = [getattr(sys.modules.get(module), name, None) for module, name in _NUMBERS]
    return kind in known or kind in [getattr(pathlib, name, None) for name in _PATHS]
