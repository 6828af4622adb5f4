"""The classes of event loops: asyncio's own, and uvloop's, which inherits nothing from it."""

from __future__ import annotations

import asyncio
from typing import Any

from otel_crumbs.base.patching import Make, Undo, combine, on_import, replace


def replace_loop_method(name: str, make: Make) -> Undo:
    """
    Replace a method of every class of event loops; uvloop's when it is imported.

    Args:
        name: The method's name.
        make: Called with the original and the patch; returns the stand-in.

    Returns:
        The function that undoes it.

    """

    def attach(uvloop: Any) -> Undo:
        return replace(uvloop.Loop, name, make)

    return combine(replace(asyncio.BaseEventLoop, name, make), on_import("uvloop", attach))
