"""
Copies of breadcrumbs for those who may change them.

Events of one trail share their breadcrumbs. A hook, or the application, is
handed a copy. Where it did not change the copy, the event gets the shared
breadcrumb again, and with it the work that other events did on it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from otel_crumbs.trails import Breadcrumb


def copy_breadcrumb(breadcrumb: Breadcrumb) -> Breadcrumb:
    """Return a breadcrumb with data of its own."""
    return replace(breadcrumb, data=_copy_value(breadcrumb.data))


def is_unchanged(copy: Breadcrumb, original: Breadcrumb) -> bool:
    """Return whether nobody changed the data of a copy; the rest of a breadcrumb cannot change."""
    return _is_same(copy.data, original.data)


def _copy_value(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _copy_value(item) for key, item in value.items()}
    return [_copy_value(item) for item in value] if kind is list else value


def _is_same(value: Any, other: Any) -> bool:
    """Return whether values are the same to the last type: 1 is neither True nor 1.0."""
    kind = type(value)
    if kind is not type(other):
        return False
    if kind is dict:
        return list(value) == list(other) and all(map(_is_same, value.values(), other.values()))
    if kind is list:
        return len(value) == len(other) and all(map(_is_same, value, other))
    return bool(value == other)
