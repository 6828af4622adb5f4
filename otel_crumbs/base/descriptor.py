"""
Notices of calls that add no frame: the look-up of a method is noticed, and the method itself is called.

A stand-in's frame is in the stack while the original runs, where warnings,
asyncio's debug mode and tracebacks count frames. To look a method up is a step of
its own before the call, and a descriptor in the method's place is asked for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .guard import remove_own_frame
from .patching import Patch, Undo, replace

Notify = Callable[[Any], object]


def watch_lookups(owner: type[Any], name: str, notify: Notify) -> Undo:
    """
    Call a function whenever a method is looked up, which is just before it is called.

    Whoever looks the method up gets what was there before, on the class as on an
    instance. Somebody who keeps it to call it later, as a hook that comes later
    may, is not noticed then.

    Args:
        owner: The class that has the method, or inherits it.
        name: The method's name.
        notify: Called with the instance, None where the class itself was asked; must not raise.

    Returns:
        The function that undoes it.

    """
    return replace(owner, name, lambda original, patch: _WatchedMethod(original, patch, notify))


class _WatchedMethod:
    """
    A method that notices its look-ups; by all that can be asked of it, it is the method itself.

    Args:
        method: What is looked up.
        patch: Says whether anybody is to be notified.
        notify: Is notified.

    """

    def __init__(self, method: Any, patch: Patch, notify: Notify) -> None:
        self.__wrapped__ = method
        self._patch = patch
        self._notify = notify

    # `unittest.mock` and `inspect` ask a class for what it has by the name of a method.
    @property  # type: ignore[misc]  # it is as read-only as the method is
    def __class__(self) -> Any:
        return type(self.__wrapped__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.__wrapped__(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if self._patch.active:
            self._notify(instance)
        return self.__wrapped__.__get__(instance, owner)
