"""Exceptions whose classes raise or lie when they are read."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any


def refuse(*_: Any, **__: Any) -> Any:
    """Raise."""
    raise RuntimeError("it bites")


def go_on(*_: Any) -> Iterator[int]:
    """Return numbers without an end."""
    number = 0
    while True:
        yield number
        number += 1


FIELDS = (
    "__dict__",
    "__traceback__",
    "__cause__",
    "__context__",
    "__suppress_context__",
    "__module__",
    "__class__",
    "__notes__",
    "args",
)
LIES: dict[str, Callable[[Any], Any]] = {
    "raises": refuse,
    "is a number": lambda _: 7,
    "is endless": go_on,
    "is itself": lambda error: error,
}


class BitingMeta(type):
    """The names of its classes raise, and so does the question whether something is of them."""

    # Not `__subclasscheck__`: the interpreter itself asks that, and raises what it raises.
    __instancecheck__ = refuse

    def __getattribute__(cls, name: str) -> Any:
        """Raise for the names."""
        return refuse() if name in {"__name__", "__qualname__", "__module__"} else super().__getattribute__(name)


def make_class(**members: Any) -> type[Exception]:
    """Return an exception class with some members."""
    return type("BitingError", (Exception,), members)


def make_chain(length: int, link: str) -> BaseException:
    """Return the newest of many exceptions, each of which came from the one before."""
    error = ValueError("boom")
    for number in range(length):
        later = ValueError(f"boom {number}")
        setattr(later, link, error)
        error = later
    return error


def bite_tail(link: str) -> BaseException:
    """Return an exception that came from one that came from it."""
    error, other = ValueError("boom"), KeyError("other")
    setattr(error, link, other)
    setattr(other, link, error)
    return error


def make_group(**members: Any) -> BaseException:
    """Return a group with some members, an ordinary exception before Python 3.11."""
    base = getattr(builtins, "ExceptionGroup", None)
    if base is None:
        return make_class(**members)("boom")
    error: BaseException = type("BitingGroup", (base,), members)("boom", [ValueError("one")])
    return error


def make_error(field: str, value: Any) -> BaseException:
    """Return an exception whose class has a member of its own."""
    return make_class(**{field: value})("boom")


BITING: dict[str, Callable[[], BaseException]] = {
    **{
        f"{field} {lie}": partial(make_error, field, property(value)) for field in FIELDS for lie, value in LIES.items()
    },
    **{
        f"{method} {lie}": partial(make_error, method, value)
        for method in ("__str__", "__repr__")
        for lie, value in LIES.items()
    },
    **{f"exceptions {lie}": partial(make_group, exceptions=property(value)) for lie, value in LIES.items()},
    "__getattribute__ raises": lambda: make_class(__getattribute__=refuse)("boom"),
    "__getattribute__ is a number": lambda: make_class(__getattribute__=lambda *_: 7)("boom"),
    "metaclass": lambda: BitingMeta("BitingError", (Exception,), {})("boom"),
    "long chain of causes": lambda: make_chain(10_000, "__cause__"),
    "long chain of contexts": lambda: make_chain(10_000, "__context__"),
    "circle of causes": lambda: bite_tail("__cause__"),
    "circle of contexts": lambda: bite_tail("__context__"),
}
