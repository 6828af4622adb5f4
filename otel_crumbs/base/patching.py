"""
The hook rule: replace something of other people's, and put it back without a trace.

Every hook of the package keeps it:

- The stand-in calls the original, and adds no frame but its own.
- Undoing puts the original back. Where somebody hooked in later, their hook
  stays, and the stand-in below it does nothing more than call the original.
- A module is hooked when the application imports it, and never imported for that.
- A stand-in takes every call that the original takes, by name too: it looks at
  no more arguments than it needs, and names none that the original does not.
- An exception that passes a stand-in loses the stand-in's frame, by
  `guard.remove_own_frame`. No stand-in lies between a caller and code that
  looks for its caller by frames, as warnings do.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from .fork import register_at_fork
from .guard import guarded, remove_own_frame

Undo = Callable[[], None]

_MISSING = object()


class _Lock:
    """A lock for the hooks of the process; a forked child begins with a free one."""

    def __init__(self) -> None:
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Forget who held the lock in the parent."""
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_lock = _Lock()
register_at_fork(_lock)


class Patch:
    """
    One replacement; `active` is False once it was undone.

    Args:
        owner: Has the attribute that is replaced.
        name: The attribute's name.

    """

    __slots__ = ("__weakref__", "active", "before", "name", "owner", "put_in")

    def __init__(self, owner: Any = None, name: str = "") -> None:
        self.active = True
        self.owner = owner
        self.name = name
        self.before: Any = _MISSING
        self.put_in: Any = _MISSING

    def undo(self) -> None:
        """Put the original back, unless somebody hooked in later."""
        with _lock:
            self.active = False
            _take_out_inactive(self.owner, self.name)


Make = Callable[[Any, Patch], Any]
Attach = Callable[[Any], Undo | None]

# Patches by the id of the object that they put in.
_patches: WeakValueDictionary[int, Patch] = WeakValueDictionary()


def replace(owner: Any, name: str, make: Make) -> Undo:
    """
    Replace an attribute of a module or class by a stand-in.

    A stand-in that is a function gets the original's name, signature and
    documentation. Class methods, static methods and bound methods stay such:
    the original and the stand-in are the functions below, and a class method's
    gets the class as its first argument.

    Args:
        owner: Has the attribute, or inherits it.
        name: The attribute's name.
        make: Called with the original and the patch; returns the stand-in,
            which only calls the original while the patch is not active.

    Returns:
        The function that undoes it.

    Raises:
        TypeError: The attribute is a class method or static method inside another library's wrapper.

    """
    patch = Patch(owner, name)
    with _lock:
        _take_out_inactive(owner, name)
        original, wrap = _open(owner, name)
        stand_in = make(original, patch)
        if isinstance(stand_in, FunctionType):
            disguise(stand_in, original, owner, name)
        patch.before = vars(owner).get(name, _MISSING)
        patch.put_in = wrap(stand_in)
        _patches[id(patch.put_in)] = patch
        setattr(owner, name, patch.put_in)
    return patch.undo


def disguise(stand_in: Any, original: Any, owner: Any, name: str) -> None:
    """
    Make a stand-in look like the original, as far as a function can.

    `inspect` follows ``__wrapped__`` for the signature and the source, which
    need not be found before somebody asks. What it shows all the same of the
    stand-in: `inspect.getfile` has its file, `inspect.getfullargspec` its
    arguments, and it is a function also where the original is built in.
    """
    functools.update_wrapper(stand_in, original)
    if not hasattr(original, "__annotations__"):
        stand_in.__annotations__ = {}
    # Defaults are shown alone: the arguments are handed on as they come.
    if not stand_in.__code__.co_argcount:
        stand_in.__defaults__ = getattr(original, "__defaults__", None)
    if not stand_in.__code__.co_kwonlyargcount:
        stand_in.__kwdefaults__ = getattr(original, "__kwdefaults__", None)
    # A function is pickled by its name in its module: `os._exit` says that it is of `posix`, where the original stays,
    # and so does a method that the class has from another one.
    if isinstance(owner, ModuleType) and stand_in.__qualname__ == name:
        stand_in.__module__ = owner.__name__
    if isinstance(owner, type) and name not in vars(owner) and stand_in.__qualname__ == f"{owner.__qualname__}.{name}":
        stand_in.__module__ = owner.__module__


def _open(owner: Any, name: str) -> tuple[Any, Callable[[Any], Any]]:
    """Return the function below an attribute, and the function that makes such an attribute of a stand-in."""
    holders = owner.__mro__ if isinstance(owner, type) else (owner,)
    found: Any = next((vars(holder)[name] for holder in holders if name in vars(holder)), None)
    # A wrapper of wrapt's says that it is of the class that it wraps; type() knows better.
    kind = type(found)
    if issubclass(kind, classmethod | staticmethod):
        return found.__func__, kind
    if isinstance(found, classmethod | staticmethod):
        message = f"cannot replace {name}: it is a {found.__class__.__name__} inside a {kind.__name__}"
        raise TypeError(message)
    if kind is MethodType:
        return found.__func__, lambda stand_in: MethodType(stand_in, found.__self__)
    return getattr(owner, name), lambda stand_in: stand_in


def find_argument(args: tuple[Any, ...], kwargs: Mapping[str, Any], place: int, name: str, default: Any = None) -> Any:
    """Return an argument of a call that a stand-in hands on, by its place or its name."""
    return args[place] if len(args) > place else kwargs.get(name, default)


def _take_out_inactive(owner: Any, name: str) -> None:
    """Take stand-ins that were undone off an attribute, as far as nobody else's hook lies above them."""
    found = value = vars(owner).get(name, _MISSING)
    while (patch := _patches.get(id(value))) is not None:
        # A stand-in may have been copied to another attribute, which is none of the patch's.
        if patch.active or patch.owner is not owner or patch.name != name:
            break
        value = patch.before
    if value is found:
        return
    if value is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, value)


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
    if imported is not None and _is_lazy(imported):
        # Asking such a module for any attribute would run its code.
        _finder.follow(object.__getattribute__(imported, "__spec__").loader, module)
    elif imported is not None:
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
        combine(self._swap_undo(None))()
        if not self._stopped:
            # Another thread may have attached to the module, or stopped this hook, in the meantime.
            combine(self._swap_undo(self._attach(module)))()

    def stop(self) -> None:
        """Undo what was hooked."""
        self._stopped = True
        combine(self._swap_undo(None))()

    def _swap_undo(self, undo: Undo | None) -> Undo | None:
        """Keep what undoes this hook, and return what must be undone at once: what was kept, or all once stopped."""
        with _lock:
            before, self._undo = self._undo, None if self._stopped else undo
            return combine(before, undo) if self._stopped else before


class _Finder:
    """
    The entry in `sys.meta_path` that notices imports; it is there only while somebody waits.

    It finds nothing itself: it asks the other finders, and has the module's
    own loader notify the waiters once the module's code has run.
    """

    def __init__(self) -> None:
        self._waiters: dict[str, tuple[_Waiter, ...]] = {}
        self._searching: set[tuple[int, str]] = set()
        # The patches of loaders that have not executed their modules yet, and the names of these modules.
        self._pending: WeakKeyDictionary[Patch, str] = WeakKeyDictionary()

    def add(self, module: str, waiter: _Waiter) -> None:
        """Notify a waiter from now on."""
        with _lock:
            self._waiters[module] = (*self._waiters.get(module, ()), waiter)
            if self not in sys.meta_path:
                sys.meta_path.insert(0, self)

    def remove(self, module: str, waiter: _Waiter) -> None:
        """Notify a waiter no more."""
        with _lock:
            rest = tuple(other for other in self._waiters.pop(module, ()) if other is not waiter)
            if rest:
                self._waiters[module] = rest
                return
            for patch in [patch for patch, name in self._pending.items() if name == module]:
                patch.undo()
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
            self.follow(spec.loader, name)
        return spec

    def follow(self, loader: Any, name: str) -> None:
        """Have a loader notify those who wait for a module once it has executed it."""
        # A proxy, such as wrapt's, sets attributes on the loader that it wraps.
        while loader.__class__ is not type(loader) and hasattr(loader, "__wrapped__"):
            loader = loader.__wrapped__
        # Loaders of built-in and frozen modules are classes, which serve every such module.
        if not hasattr(loader, "exec_module") or isinstance(loader, type):
            return
        # Not every loader takes attributes.
        guarded(f"the import of {name} was noticed")(self._hook_loader)(loader, name)

    def _hook_loader(self, loader: Any, name: str) -> None:
        with _lock:
            # A loader may serve many modules, as that of a zip file does, and be asked for one of them often.
            patches = [patch for patch, module in self._pending.items() if module == name]
            if not any(patch.active and patch.owner is loader for patch in patches):
                replace(loader, "exec_module", self._make_notifier(name))

    def _make_notifier(self, name: str) -> Make:
        def make(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
            def exec_module(*args: Any) -> None:
                module = args[-1]
                is_awaited = patch.active and module.__name__ == name
                if is_awaited:
                    # The loader is the module's from here on, and has nothing of ours.
                    patch.undo()
                try:
                    original(*args)
                except BaseException as error:
                    remove_own_frame(error)
                    raise
                if is_awaited:
                    self._notify(module)

            self._pending[patch] = name
            return exec_module

        return make

    def _notify(self, module: Any) -> None:
        for waiter in self._waiters.get(module.__name__, ()):
            waiter.attach_to(module)


def _is_lazy(module: Any) -> bool:
    """Return whether a module came from `importlib.util.LazyLoader` and its code has not run yet."""
    util = sys.modules.get("importlib.util")
    return type(module) is getattr(util, "_LazyModule", None)


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
