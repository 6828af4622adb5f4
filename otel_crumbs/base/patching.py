"""
The hook rule: replace something of other people's, and put it back without a trace.

Every hook of the package keeps it:

- The stand-in calls the original, and adds no frame but its own.
- Undoing puts the original back. Where somebody hooked in later, their hook
  stays, and the stand-in below it does nothing more than call the original.
- A module is hooked when the application imports it, and never imported for that.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from types import FunctionType
from typing import Any

from .guard import guarded, remove_own_frame

Undo = Callable[[], None]

_MISSING = object()


class Patch:
    """The state of one replacement; `active` is False once it was undone."""

    __slots__ = ("active",)

    def __init__(self) -> None:
        self.active = True


Make = Callable[[Any, Patch], Any]
Attach = Callable[[Any], Undo | None]


def replace(owner: Any, name: str, make: Make) -> Undo:
    """
    Replace an attribute of a module or class by a stand-in.

    A stand-in that is a function gets the original's name, signature and documentation.

    Args:
        owner: Has the attribute, or inherits it.
        name: The attribute's name.
        make: Called with the original and the patch; returns the stand-in,
            which only calls the original while the patch is not active.

    Returns:
        The function that undoes it.

    """
    before = vars(owner).get(name, _MISSING)
    patch = Patch()
    original = getattr(owner, name)
    stand_in = make(original, patch)
    if isinstance(stand_in, FunctionType):
        functools.update_wrapper(stand_in, original)

    def undo() -> None:
        patch.active = False
        if vars(owner).get(name) is not stand_in:
            return
        if before is _MISSING:
            delattr(owner, name)
        else:
            setattr(owner, name, before)

    setattr(owner, name, stand_in)
    return undo


def combine(*undos: Undo | None) -> Undo:
    """Return one function that calls several, the last first; one that fails does not keep the others from it."""

    def undo() -> None:
        for each in reversed(undos):
            if each is not None:
                guarded("a hook was taken out")(each)()

    return undo


def on_import(module: str, attach: Attach) -> Undo:
    """
    Call *attach* with a module as soon as it has been imported, now if it is, and again when it is reloaded.

    Args:
        module: The module's full name.
        attach: Returns what undoes it, or None; a failure is reported, and the import goes on.

    Returns:
        The function that undoes what was attached, and waits no longer.

    """
    waiter = _Waiter(module, attach)
    _finder.add(module, waiter)
    imported = sys.modules.get(module)
    if imported is not None:
        waiter.attach_to(imported)

    def undo() -> None:
        _finder.remove(module, waiter)
        waiter.stop()

    return undo


class _Waiter:
    """One hook that waits for a module."""

    def __init__(self, module: str, attach: Attach) -> None:
        self._attach = guarded(f"{module} was hooked")(attach)
        self._undo: Undo | None = None
        self._stopped = False

    def attach_to(self, module: Any) -> None:
        """Attach to the module; undo first what was attached before the module was reloaded."""
        if self._stopped:
            return
        combine(self._undo)()
        self._undo = self._attach(module)

    def stop(self) -> None:
        """Undo what was hooked."""
        self._stopped = True
        combine(self._undo)()


class _Finder:
    """
    The entry in `sys.meta_path` that notices imports; it is there only while somebody waits.

    It finds nothing itself: it asks the other finders, and has the module's
    own loader notify the waiters once the module's code has run.
    """

    def __init__(self) -> None:
        self._waiters: dict[str, tuple[_Waiter, ...]] = {}
        self._searching: set[tuple[int, str]] = set()

    def add(self, module: str, waiter: _Waiter) -> None:
        """Notify a waiter from now on."""
        self._waiters[module] = (*self._waiters.get(module, ()), waiter)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self, module: str, waiter: _Waiter) -> None:
        """Notify a waiter no more."""
        rest = tuple(other for other in self._waiters.get(module, ()) if other is not waiter)
        self._waiters[module] = rest
        if not rest:
            del self._waiters[module]
        if not self._waiters and self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec that another finder has, with a loader that notifies those who wait for the module."""
        search = threading.get_ident(), name
        # Another finder may ask the import system, and with it this one, for the same module.
        if name not in self._waiters or search in self._searching:
            return None
        self._searching.add(search)
        try:
            spec = _find_elsewhere(self, name, path, target)
        finally:
            self._searching.discard(search)
        if spec is not None:
            self._attach_to_loader(spec.loader, name)
        return spec

    def _attach_to_loader(self, loader: Any, name: str) -> None:
        original = getattr(loader, "exec_module", None)
        # Loaders of built-in and frozen modules are classes, which serve every such module.
        if original is None or isinstance(loader, type):
            return

        def exec_module(module: Any) -> None:
            try:
                original(module)
            except BaseException as error:
                remove_own_frame(error)
                raise
            if module.__name__ == name:
                # The loader is the module's from here on, and has nothing of ours.
                vars(loader).pop("exec_module", None)
                self._notify(module)

        # Not every loader takes attributes.
        with_attribute = guarded(f"the import of {name} was noticed")(setattr)
        with_attribute(loader, "exec_module", exec_module)

    def _notify(self, module: Any) -> None:
        for waiter in self._waiters.get(module.__name__, ()):
            waiter.attach_to(module)


def _find_elsewhere(finder: _Finder, name: str, path: Any, target: Any) -> Any:
    for other in tuple(sys.meta_path):
        find_spec = getattr(other, "find_spec", None)
        if other is finder or find_spec is None:
            continue
        spec = find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


_finder = _Finder()
