"""
Context attributes: what the application says that its work is for, such as a user, a tenant or an order.

They are copied at once, and only of plain values: nothing of the application's
is asked for its text, or for what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import count, islice
from typing import Any
from uuid import UUID

from otel_crumbs.base.guard import warn
from otel_crumbs.base.plain import MAX_DEPTH, ValueLimits, cut_text, name_class, to_plain, to_text

# More than tell one request from another.
MAX_CONTEXT_ATTRIBUTES = 32
_MAX_NAME, _MAX_VALUE = 128, 1000

# A keyword has no dots: https://opentelemetry.io/docs/specs/semconv/registry/attributes/user/
_STANDARD = {
    "user": "user.id",
    "user_email": "user.email",
    "user_full_name": "user.full_name",
    "user_hash": "user.hash",
    "user_id": "user.id",
    "user_name": "user.name",
    "user_roles": "user.roles",
}
# The event says these itself.
RESERVED = ("error.type", "exception.", "otel_crumbs.", "thread.")

_SIMPLE = frozenset({str, int, float, bool, type(None)})
_LISTS = frozenset({list, tuple, set, frozenset})
# Their texts are made by Python's own code alone.
_AS_TEXT = frozenset({UUID, date, datetime})
_DECIMAL = "decimal.Decimal"

_numbers = count(1)

# Each value with the number of the call that gave it: of two for one name the later one counts.
ContextAttributes = dict[str, tuple[int, Any]]


class UnreadableError(TypeError):
    """A value, or one in it, is not plain; its text is the name of its class."""


def read_attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return copies of attributes under their standard names; what cannot be used is left out, with a warning.

    Args:
        given: As they were given to `otel_crumbs.context`; None takes one away.

    """
    found: dict[str, Any] = {}
    for name, value in _iterate_flat(given):
        if name.startswith(RESERVED):
            warn(
                "context name",
                "otel_crumbs.context() is given %r, which every event says itself; it is left out. "
                "Remedy: another name.",
                name,
            )
            continue
        try:
            plain = _copy_plain(value, MAX_DEPTH, ValueLimits())
        except UnreadableError as error:
            warn(
                "context value",
                "otel_crumbs.context() is given a %s as %r, which is left out; the others are kept. "
                "Remedy: a plain value, such as its id or a text.",
                error,
                name,
            )
            continue
        if len(found) < MAX_CONTEXT_ATTRIBUTES:
            found[name] = plain
        else:
            _warn_of_too_many()
    return found


def assign_numbers(attributes: Mapping[str, Any]) -> ContextAttributes:
    """Return attributes as those that were given last."""
    number = next(_numbers)
    return {name: (number, value) for name, value in attributes.items()}


def add_attributes(known: ContextAttributes, added: ContextAttributes) -> None:
    """Add attributes to others, as far as there is room."""
    for name, numbered in added.items():
        if name in known or len(known) < MAX_CONTEXT_ATTRIBUTES:
            known[name] = numbered
        else:
            _warn_of_too_many()


def merge_attributes(parts: Iterable[ContextAttributes]) -> dict[str, Any]:
    """Return the values that were given last, without those that were taken away."""
    latest: ContextAttributes = {}
    for part in parts:
        for name, numbered in part.copy().items():
            if name not in latest or latest[name][0] < numbered[0]:
                latest[name] = numbered
    known = ((name, value) for name, (_, value) in latest.items() if value is not None)
    return dict(islice(known, MAX_CONTEXT_ATTRIBUTES))


def _iterate_flat(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Iterate over attributes; of ``user={"id": 7}`` over ``user.id``."""
    for name, value in given.items():
        if type(value) is not dict:
            yield to_text(_STANDARD.get(name, name), _MAX_NAME), value
            continue
        for key, item in tuple(value.items()):
            if issubclass(type(key), str):
                yield to_text(f"{name}.{str.__str__(key)}", _MAX_NAME), item


def _copy_plain(value: Any, depth: int, limits: ValueLimits) -> Any:
    kind = type(value)
    if issubclass(kind, str):
        return to_text(limits.cut(cut_text(str.__str__(value), _MAX_VALUE)))
    if kind in _SIMPLE:
        return to_plain(value)
    # An enumeration's member is the number that it has; its class may have ideas of its own.
    if issubclass(kind, int):
        return to_plain(int.__int__(value))
    if issubclass(kind, float):
        return to_plain(float.__float__(value))
    if kind in _AS_TEXT or name_class(kind) == _DECIMAL:
        return str(value)
    if kind in _LISTS and depth > 0:
        return [_copy_plain(item, depth - 1, limits) for item in limits.take(tuple(value))]
    if kind is dict and depth > 0:
        items = limits.take(tuple(value.items()))
        return {str(_copy_plain(key, 0, limits)): _copy_plain(item, depth - 1, limits) for key, item in items}
    raise UnreadableError(name_class(kind))


def _warn_of_too_many() -> None:
    warn(
        "context size",
        "otel_crumbs.context() keeps %d attributes; the others are left out. Remedy: fewer names.",
        MAX_CONTEXT_ATTRIBUTES,
    )
