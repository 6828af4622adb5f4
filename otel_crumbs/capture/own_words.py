"""
Errors that the package itself leads to: of hooks and exporters, of exceptions and values that are asked for texts.

An event of such an error would lead to the next one. What only comes between is the
application's: a finaliser runs wherever the collector does, a signal handler between
any two steps of the main thread.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import islice
from types import FrameType

from otel_crumbs.base.guard import warn
from otel_crumbs.base.plain import name_class
from otel_crumbs.base.threads import ThreadFlag, is_own_thread, is_own_work

from .thread_stacks import iterate_outwards

_PACKAGE = __name__.partition(".")[0]
_MAX_FRAMES = 500
_FINALISER = "__del__"
# Methods by names of Python's that nothing asks for when it reads an exception or a value.
_NEVER_ASKED = frozenset({_FINALISER, "__call__", "__enter__", "__exit__", "__init__", "__new__", "__set__"})

_asking = ThreadFlag()


def mark_asking() -> AbstractContextManager[None]:
    """Mark the code inside as a capture, which asks an exception and the values around it for their texts."""
    return _asking.set()


def is_own(error: BaseException | None = None) -> bool:
    """
    Return whether the package itself led to a failure that comes up here; if so, warn of it.

    Args:
        error: The failure, None where it is one of a text.

    """
    if is_own_thread() or is_own_work():
        led_to = not any(frame.f_code.co_name == _FINALISER for frame in _iterate_frames())
    else:
        led_to = _asking.is_set and any(map(_is_asked, _iterate_frames()))
    if led_to:
        name = "an error" if error is None else f"a {name_class(type(error))}"
        warn(
            "own failures",
            "A hook, an exporter or the text of an exception reported %s, which makes no error event of its own: "
            "each would lead to the next one.",
            name,
        )
    return led_to


def _iterate_frames() -> Iterator[FrameType]:
    # What `inspect.currentframe` returns, too.
    return islice(iterate_outwards(sys._getframe(1)), _MAX_FRAMES)  # noqa: SLF001 - see the line before


def _is_asked(frame: FrameType) -> bool:
    """Return whether a frame is that of a method which the package asked for something, as by `str(error)`."""
    name, caller = frame.f_code.co_name, frame.f_back
    is_special = name.startswith("__") and name.endswith("__") and name not in _NEVER_ASKED
    return is_special and caller is not None and _is_of_package(caller) and not _is_of_package(frame)


def _is_of_package(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == _PACKAGE
