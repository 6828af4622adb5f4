"""The kinds of event loops: asyncio's own, and uvloop's, which shares no method with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from wrapt import register_post_import_hook

from otel_crumbs.base.guard import guarded

Undo = Callable[[], None]


def watch_method(name: str, watched: Callable[[Any], Any]) -> Undo:
    """
    Replace a method of every kind of event loop that is there or comes, and never import one for that.

    Args:
        name: Of the method.
        watched: Gets the method, returns what takes its place.

    Returns:
        What undoes it.

    """
    undos = [_replace(asyncio.BaseEventLoop, name, watched)]
    active = True

    @guarded("uvloop was hooked")
    def hook(uvloop: Any) -> None:
        if active:
            undos.append(_replace(uvloop.Loop, name, watched))

    def undo() -> None:
        nonlocal active
        active = False
        for step in undos:
            step()

    register_post_import_hook(hook, "uvloop")
    return undo


def _replace(loops: Any, name: str, watched: Callable[[Any], Any]) -> Undo:
    inherited = name not in vars(loops)
    original = getattr(loops, name)
    ours = watched(original)

    def undo() -> None:
        if getattr(loops, name) is not ours:
            return
        if inherited:
            delattr(loops, name)
        else:
            setattr(loops, name, original)

    setattr(loops, name, ours)
    return undo
