"""The public API is what `otel_crumbs.__all__` lists."""

from __future__ import annotations

import types

import otel_crumbs

from .project import documentation


def test_every_public_name_is_listed() -> None:
    """What can be seen on the package is in its list, or begins with an underscore."""
    found = {
        name
        for name, value in vars(otel_crumbs).items()
        if not name.startswith("_") and name != "annotations" and not isinstance(value, types.ModuleType)
    }

    assert found <= set(otel_crumbs.__all__)


def test_every_listed_name_exists() -> None:
    """The list promises nothing that is not there."""
    missing = [name for name in otel_crumbs.__all__ if not hasattr(otel_crumbs, name)]

    assert missing == []


def test_the_list_is_sorted() -> None:
    """Sorted as ruff sorts `__all__`: constants, classes, then the rest."""
    expected = sorted(otel_crumbs.__all__, key=lambda name: (not name[0].isupper(), name))

    assert list(otel_crumbs.__all__) == expected


def test_every_public_name_is_documented() -> None:
    """The pages name each of them in full."""
    pages = documentation()

    missing = [name for name in otel_crumbs.__all__ if f"otel_crumbs.{name}" not in pages]

    assert missing == []


def test_every_public_name_has_a_docstring() -> None:
    """`help(otel_crumbs.NAME)` answers."""
    values = {name: getattr(otel_crumbs, name) for name in otel_crumbs.__all__ if not name.startswith("__")}

    assert [name for name, value in values.items() if not value.__doc__] == []
