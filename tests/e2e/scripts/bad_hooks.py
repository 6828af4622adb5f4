"""Hooks as users write them on a bad day."""

from __future__ import annotations

from typing import Any, NoReturn


def raises(_: Any) -> NoReturn:
    """Fail on whatever comes."""
    raise LookupError("the hook is broken")


def returns_nonsense(_: Any) -> Any:
    """Return what is neither an event nor a breadcrumb."""
    return 42
