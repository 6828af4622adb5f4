"""
Isolated calls: the application's own code for log lines, run without a trace for a line that is not printed.

A filter that masks card numbers must see such a line, or they would be in the
trail. But a filter may remember what it has seen, and a record factory number
its records. So what runs is a copy, with copies of everything that it could
remember something in: attributes, closures, and the globals that its code
names. The copies are thrown away after the line.

Code whose state cannot be copied is not run.
"""

from __future__ import annotations

import builtins
import logging
import re
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar, copy_context
from datetime import date, timedelta
from functools import partial
from opcode import opmap
from operator import is_
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import UUID

from otel_crumbs.base.async_exceptions import is_thrown_in

from .placeholders import SIMPLE, Placeholder

# Filters have a few attributes; what has more would take long to copy at every line.
_MAX_COPIES = 200

# Nothing changes these, or they belong to the context that the call is made in.
_SHARED = SIMPLE | {
    *(bytes, complex, date, timedelta, UUID, range, type(...), Placeholder),
    *(re.Pattern, ContextVar, threading.local, property),
    *(type(str.join), type(str.__str__), type("".__str__)),
}
_SHARED_NAMES = frozenset(
    {"werkzeug.local.LocalProxy", "django.conf.LazySettings", "django.utils.functional.SimpleLazyObject"}
)
_LOCKS: dict[type, Callable[[], Any]] = {type(make()): make for make in (threading.Lock, threading.RLock)}
_LISTS = frozenset({list, tuple, set, frozenset, deque})
_DICTS = frozenset({dict, OrderedDict, defaultdict, Counter})
_LOGGING = (logging.Logger, logging.LoggerAdapter, logging.Handler)
# Calls that show outside the process, log, or run code that is not seen here.
_REFUSED_NAMES = frozenset({"__import__", "breakpoint", "eval", "exec", "getLogger", "input", "open", "print"})
_REFUSED_MODULES = frozenset({"random"})
_STORE_GLOBAL = opmap["STORE_GLOBAL"]


class _Plain:
    """A class whose objects have attributes and nothing else."""


_PLAIN_LAYOUT = _Plain.__basicsize__, _Plain.__dictoffset__


class LeftOutError(Exception):
    """A line that is not printed must be left out: a filter says so, or the application's code cannot be run for it."""


class StateCopy:
    """
    Copies of callables of the application's, with copies of all that they could remember something in.

    Args:
        replace: Returns a value in place of an object that cannot be copied.

    """

    def __init__(self, replace: Callable[[Any], Any] | None = None) -> None:
        self._replace = replace
        self._made: dict[int, Any] = {}
        self._left = _MAX_COPIES

    def copy(self, value: Any) -> Any:
        """
        Return a copy of a value; the value itself where nothing can change it.

        Raises:
            LeftOutError: It cannot be copied. Of a function, the copy raises it when it is called.

        """
        kind = type(value)
        if kind in _SHARED or issubclass(kind, type):
            return value
        if id(value) in self._made:
            return self._made[id(value)]
        self._left -= 1
        if self._left < 0:
            raise LeftOutError
        copy = self._made[id(value)] = self._find_way(kind)(value)
        return copy

    def copy_attributes(self, value: Any, *, shared: frozenset[str] = frozenset()) -> Any:
        """Return an object of the same class with copies of the attributes; those in *shared* are the same."""
        kind = type(value)
        if (kind.__basicsize__, kind.__dictoffset__) != _PLAIN_LAYOUT:
            raise LeftOutError
        copy = self._made[id(value)] = object.__new__(kind)
        attributes: dict[str, Any] = object.__getattribute__(copy, "__dict__")
        attributes.update(self._copy_class_state(kind, copy))
        for name, item in tuple(object.__getattribute__(value, "__dict__").items()):
            attributes[name] = item if name in shared else self.copy(item)
        return copy

    def _find_way(self, kind: type) -> Callable[[Any], Any]:
        """Return the function that copies objects of a class."""
        if kind is FunctionType:
            return self._copy_function
        if kind in _LISTS:
            return self._copy_list
        if kind in _DICTS:
            return self._copy_dict
        if kind in _LOCKS:
            return lambda _: _LOCKS[kind]()
        ways: dict[type, Callable[[Any], Any]] = {
            MethodType: self._copy_method,
            BuiltinFunctionType: self._keep_builtin,
            classmethod: self._copy_wrapped,
            partial: self._copy_partial,
            staticmethod: self._copy_wrapped,
        }
        return ways.get(kind, self._copy_object)

    def _copy_class_state(self, kind: type, owner: Any) -> Iterator[tuple[str, Any]]:
        """Iterate over copies of what an object shares with all others of its class."""
        for base in reversed(kind.__mro__[:-1]):
            for name, item in () if base.__module__ == "logging" else tuple(vars(base).items()):
                if name in {"__dict__", "__weakref__", "__doc__", "__annotations__", "__orig_bases__"}:
                    continue
                copy = self.copy(item)
                if copy is not item:
                    yield name, MethodType(copy, owner) if type(copy) is FunctionType else copy

    def _copy_object(self, value: Any) -> Any:
        kind = type(value)
        if issubclass(kind, ModuleType) and value.__name__ not in _REFUSED_MODULES:
            return value
        if f"{kind.__module__}.{kind.__qualname__}" in _SHARED_NAMES:
            return value
        if not issubclass(kind, (ModuleType, *_LOGGING)):
            with suppress(LeftOutError):
                return self.copy_attributes(value)
        if self._replace is None:
            raise LeftOutError
        return self._replace(value)

    def _copy_list(self, value: Any) -> Any:
        before = tuple(value)
        items = [self.copy(item) for item in before]
        if type(value) is tuple and all(map(is_, items, before)):
            return value
        return deque(items, value.maxlen) if type(value) is deque else type(value)(items)

    def _copy_dict(self, value: Any) -> Any:
        copy = type(value)()
        for key, item in tuple(dict.items(value)):
            dict.__setitem__(copy, key, self.copy(item))
        if type(value) is defaultdict:
            copy.default_factory = self.copy(value.default_factory)
        return copy

    def _copy_method(self, method: MethodType) -> MethodType:
        owner = self.copy(method.__self__)
        return MethodType(self.copy(method.__func__), owner)

    def _copy_partial(self, value: partial[Any]) -> partial[Any]:
        return partial(self.copy(value.func), *self.copy(value.args), **self.copy(value.keywords))

    def _copy_wrapped(self, value: Any) -> Any:
        copy = self.copy(value.__func__)
        return value if copy is value.__func__ else type(value)(copy)

    def _keep_builtin(self, value: Any) -> Any:
        """Return a function written in C, unless it is a method of an object that it may change."""
        if value.__self__ is not None and not issubclass(type(value.__self__), ModuleType | type):
            raise LeftOutError
        return value

    def _copy_function(self, function: FunctionType) -> Callable[..., Any]:
        """Return a copy of a function, which need not be one that is called."""
        try:
            return self._copy_function_state(function)
        except LeftOutError:
            return _refuse

    def _copy_function_state(self, function: FunctionType) -> FunctionType:
        """Return a function whose closure and globals are copies; itself where there is nothing to change in them."""
        its_globals, code, closure = function.__globals__, function.__code__, function.__closure__ or ()
        if its_globals is vars(logging):
            return function
        names = frozenset(_iterate_names(code))
        if _REFUSED_NAMES & names - its_globals.keys():
            raise LeftOutError
        known: dict[str, Any] = {"__builtins__": vars(builtins), "__name__": its_globals.get("__name__")}
        cells = tuple(self._made.get(id(cell)) or CellType() for cell in closure)
        copy = FunctionType(code, known, function.__name__, None, cells)
        # It may name itself, and functions share cells.
        self._made[id(function)] = copy
        self._made.update(zip(map(id, closure), cells, strict=True))
        is_same = [self._copy_content(its_copy, cell) for cell, its_copy in zip(closure, cells, strict=True)]
        named = {name: its_globals[name] for name in names if name in its_globals}
        targets = (known, named), (copy.__dict__, function.__dict__)
        for target, values in targets:
            target.update({name: self.copy(value) for name, value in values.items()})
        copy.__defaults__ = self.copy(function.__defaults__)
        copy.__kwdefaults__ = self.copy(function.__kwdefaults__)
        if (
            all(is_same)
            and all(known[name] is value for name, value in named.items())
            and not (function.__dict__ or function.__kwdefaults__ or _sets_globals(code))
            and copy.__defaults__ is function.__defaults__
        ):
            self._made[id(function)] = copy = function
        return copy

    def _copy_content(self, copy: CellType, cell: CellType) -> bool:
        """Copy what a cell contains; return whether it is a class or a function that nothing changes."""
        try:
            content = cell.cell_contents
        except ValueError:  # it is empty
            return False
        copy.cell_contents = self.copy(content)
        return copy.cell_contents is content and isinstance(content, type | FunctionType)


def call_isolated(function: Callable[..., Any], *args: Any) -> Any:
    """
    Call a copy in a copy of the context.

    Raises:
        LeftOutError: The application's own code has failed.

    """
    try:
        return copy_context().run(function, *args)
    except BaseException as error:
        if is_thrown_in(error):
            raise
        raise LeftOutError from error


def _refuse(*_: object, **__: object) -> None:
    raise LeftOutError


def _iterate_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _iterate_names(part)


def _sets_globals(code: CodeType) -> bool:
    if _STORE_GLOBAL in code.co_code[::2]:
        return True
    return any(_sets_globals(part) for part in code.co_consts if isinstance(part, CodeType))
