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
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from types import MemberDescriptorType, WrapperDescriptorType
from typing import Any
from uuid import UUID

from otel_crumbs.base.exceptions import format_title
from otel_crumbs.base.plain import MAX_DEPTH, MAX_ITEMS, MAX_MESSAGE, MAX_TEXT, name_class, to_text

SIMPLE = frozenset({str, int, float, bool, type(None)})
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
    """Copies values that a log call was given, with placeholders for the application's objects."""

    __slots__ = ("is_exact",)

    def __init__(self) -> None:
        # Whether the copies have the same text as the values.
        self.is_exact = True

    def copy(self, value: Any, depth: int = MAX_DEPTH) -> Any:
        """Return a copy that is neither the application's nor can be changed by it."""
        kind = type(value)
        if kind in _AS_THEY_ARE:
            return value
        if kind in _LISTS:
            return self._copy_list(value, kind, depth)
        if kind in _DICTS:
            return self._copy_dict(value, kind, depth)
        return value if _is_immutable(value, kind) else self._copy_object(value, kind)

    def _copy_list(self, value: Any, kind: type, depth: int) -> Any:
        if kind is not list and kind is not tuple:
            self.is_exact = False
        if len(value) > MAX_ITEMS or depth <= 0:
            return self._copy_part(value, depth)
        depth -= 1
        return _LISTS[kind]([item if type(item) in SIMPLE else self.copy(item, depth) for item in value])

    def _copy_dict(self, value: Any, kind: type, depth: int) -> Any:
        if kind is not dict:
            self.is_exact = False
        if len(value) > MAX_ITEMS or depth <= 0:
            return self._copy_part(value, depth)
        depth -= 1
        return {
            key if type(key) is str else self._copy_key(key): item if type(item) in SIMPLE else self.copy(item, depth)
            for key, item in dict.items(value)
        }

    def _copy_part(self, value: Any, depth: int) -> Any:
        """Return a copy of the beginning of a long list or mapping, or the class of one that lies too deep."""
        self.is_exact = False
        if depth <= 0:
            return Placeholder(f"<{name_class(type(value))}>")
        if type(value) in _DICTS:
            return self._copy_dict(dict(islice(tuple(dict.items(value)), MAX_ITEMS)), dict, depth)
        return self._copy_list(list(islice(value, MAX_ITEMS)), list, depth)

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
        return Placeholder(text, format_title(type(error).__name__, text))


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
        return to_text(text, MAX_MESSAGE)
    for words in (text, _CONVERSION.sub(r"%\1s", text) if _has_placeholders(args) else None):
        if words is None:
            break
        try:
            return to_text(words % args, MAX_MESSAGE)
        except (KeyError, OverflowError, TypeError, ValueError):
            continue
    return to_text(text, MAX_MESSAGE)


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
