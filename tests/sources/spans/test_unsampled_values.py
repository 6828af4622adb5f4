"""Copies of values on spans that were sampled out: nothing of the application's is asked for anything."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.attributes import BoundedAttributes

from otel_crumbs.sources.spans.unsampled_values import MAX_ATTRIBUTES, copy_attributes, copy_value


class Hostile:
    """An object that may not be asked for anything."""

    def _refuse(self, *_: Any) -> Any:
        raise AssertionError("asked")

    __str__ = __repr__ = __iter__ = __len__ = __bool__ = __eq__ = __hash__ = _refuse  # type: ignore[assignment]
    __getattr__ = _refuse


class OwnDict(dict[str, Any]):
    """A dict that may not be asked either."""

    def __iter__(self) -> Any:
        """Refuse."""
        raise AssertionError("asked")

    items = keys = values = copy = __iter__  # type: ignore[assignment]


@pytest.mark.parametrize("value", ["text", 1, 1.5, True, None, b"bytes"])
def test_simple_values_are_kept(value: object) -> None:
    """The very same object."""
    assert copy_value(value) is value


def test_lists_and_dicts_are_copied() -> None:
    """What the application changes later does not change the breadcrumb."""
    original: dict[str, Any] = {"list": [1, (2, "three")]}
    copied = copy_value(original)
    original["list"].append(4)

    assert copied == {"list": [1, [2, "three"]]}


def test_of_anything_else_the_class_is_named() -> None:
    """No code of the application's runs."""
    name = f"<{__name__}.Hostile>"

    assert copy_value(Hostile()) == name
    assert copy_attributes({"hostile": Hostile(), "list": [Hostile()]}) == {"hostile": name, "list": [name]}
    assert copy_attributes({Hostile: 1, "key": 2}) == {"key": 2}


def test_a_mapping_of_another_class_is_not_asked() -> None:
    """It may query a database."""
    assert copy_attributes(OwnDict(key=1)) == {}
    assert copy_attributes(Hostile()) == {}
    assert copy_attributes(None) == {}
    assert copy_attributes(BoundedAttributes(attributes={"key": 1})) == {"key": 1}


def test_circles_and_depths_end() -> None:
    """A list may hold itself."""
    circle: list[Any] = []
    circle.append(circle)

    assert "builtins.list" in repr(copy_value(circle))


def test_attributes_are_bounded() -> None:
    """As the SDK bounds them."""
    assert len(copy_attributes({str(number): number for number in range(10 * MAX_ATTRIBUTES)})) == MAX_ATTRIBUTES
