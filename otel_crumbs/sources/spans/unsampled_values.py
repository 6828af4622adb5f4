"""
Copies of values that are set on a span that was sampled out.

Without this package nobody would look at them. So no code of the
application's runs for them: what is of a simple type is kept, lists and dicts
of such are copied, and of anything else the class is told.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from opentelemetry.attributes import BoundedAttributes

from otel_crumbs.base.plain import MAX_DEPTH, ValueLimits, name_class

# As the SDK bounds them by default.
MAX_ATTRIBUTES = 128

_SIMPLE = frozenset({str, bool, int, float, bytes, type(None)})
# Of these no value is large.
_CONSTANT = frozenset({bool, float, type(None)})
# A text that is no longer is small; a hundred spans full of these are not much to keep.
SHORT_TEXT = 512
# The integers between these are not large.
LEAST, MOST = -(2**63), 2**63


def is_small(value: object) -> bool:
    """Return whether a value is of a type that is kept as it is, and evidently small."""
    kind = type(value)
    if kind is str:
        return len(value) <= SHORT_TEXT  # type: ignore[arg-type]
    return LEAST < value < MOST if kind is int else kind in _CONSTANT  # type: ignore[operator]


def copy_small(attributes: Any) -> dict[str, Any] | None:
    """Return a copy of attributes that are few and small, as nearly all are; None of others."""
    if type(attributes) is not dict:
        return {} if attributes is None else None
    # The body of is_small() without the call: every span has some of these.
    copied: dict[str, Any] = attributes.copy()
    for key, value in copied.items():
        kind = type(value)
        if kind is str:
            if len(value) > SHORT_TEXT:
                return None
        elif not LEAST < value < MOST if kind is int else kind not in _CONSTANT:
            return None
        if type(key) is not str:
            return None
    return copied if len(copied) <= MAX_ATTRIBUTES else None


def copy_value(value: Any, depth: int = MAX_DEPTH, limits: ValueLimits | None = None) -> Any:
    """Return a value of a simple type, or a copy of a list or dict of such."""
    kind = type(value)
    if kind in _SIMPLE:
        return value
    limits = limits or ValueLimits()
    if depth and limits.items > 0 and (kind is list or kind is tuple):
        return [copy_value(item, depth - 1, limits) for item in limits.take(value)]
    if depth and limits.items > 0 and kind is dict:
        items = limits.take(tuple(value.items()))
        return {key: copy_value(item, depth - 1, limits) for key, item in items if type(key) is str}
    return f"<{name_class(kind)}>"


def copy_attributes(attributes: Any) -> dict[str, Any]:
    """Return a copy of attributes, of the first ones if there are many."""
    kind = type(attributes)
    if kind is not dict:
        if kind is not BoundedAttributes:
            return {}
        attributes = dict(attributes)
    items = islice(attributes.copy().items(), MAX_ATTRIBUTES)
    return {key: copy_value(value) for key, value in items if type(key) is str}
