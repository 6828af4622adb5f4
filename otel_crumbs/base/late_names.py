"""Names that are imported when somebody asks for them: those of a package, and functions that a module calls late."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def make_getattr(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """
    Return the function ``__getattr__`` of a package, as :pep:`562` has it.

    Args:
        package: The package's full name.
        modules: By name, the module below the package that has it.

    """

    def __getattr__(name: str) -> Any:  # noqa: N807 - it is one
        module = modules.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{module}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__


class LateFunction:
    """
    A function, or a class to call, whose module is imported when it is called first.

    An import inside a function does that, too. But it imports again at every
    call, and fails when the interpreter goes down, though the module is there.
    Once it is there, the module that made this object has the function itself
    under its name.

    Args:
        module: The full name of the module.
        name: The function's name.

    """

    __slots__ = ("_function", "_module", "_name", "_names")

    def __init__(self, module: str, name: str) -> None:
        self._function: Callable[..., Any] | None = None
        self._module, self._name = module, name
        self._names = sys._getframe(1).f_globals  # noqa: SLF001 - public in all but name
        _functions.append(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return (self._function or self.bind())(*args, **kwargs)

    def bind(self) -> Callable[..., Any]:
        """Return the function; import its module unless that is done."""
        if self._function is None:
            self._function = getattr(import_module(self._module), self._name)
        if self._names.get(self._name) is self:
            self._names[self._name] = self._function
        return self._function


def bind_late_functions() -> None:
    """Import the modules of all late functions, for threads and moments in which nothing may be imported."""
    for function in tuple(_functions):
        function.bind()


_functions: list[LateFunction] = []
