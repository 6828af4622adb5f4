"""The classes of event loops: asyncio's own, and uvloop's, which inherits nothing from it."""

from __future__ import annotations

from otel_crumbs.base.patching import Make, Undo, combine, on_import, replace


def replace_loop_method(name: str, make: Make) -> Undo:
    """
    Replace a method of every class of event loops, each when it is imported.

    Args:
        name: The method's name.
        make: Called with the original and the patch; returns the stand-in.

    Returns:
        The function that undoes it.

    """

    def hook(module: str, loop: str) -> Undo:
        return on_import(module, lambda imported: replace(getattr(imported, loop), name, make))

    return combine(hook("asyncio.base_events", "BaseEventLoop"), hook("uvloop", "Loop"))
