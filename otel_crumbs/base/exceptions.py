"""
Exceptions: their own fields, the events that OpenTelemetry records of them, and the title that people know them by.

A class of the application may have properties of any name, and a
``__getattribute__`` that counts or raises. So the fields that the interpreter
keeps are read and set here by the interpreter's own descriptors.
"""

from __future__ import annotations

import builtins
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import TracebackType, WrapperDescriptorType
from typing import Any

from .async_exceptions import is_thrown_in
from .plain import name_class

# https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-spans/
EVENT_NAME = "exception"

_SIMPLE = frozenset({str, bool, int, float, bytes, type(None)})
_MAX_DEPTH = 3
# SQLAlchemy begins with one that says when a statement was run, and the reason stands in the next line.
_ASIDE = re.compile(r"\([^()]*\)")

_FIELDS: Mapping[str, Any] = BaseException.__dict__
_get_arguments = _FIELDS["args"].__get__
_get_filenames = (vars(OSError)["filename"].__get__, vars(OSError)["filename2"].__get__)
_get_traceback = _FIELDS["__traceback__"].__get__
_get_cause = _FIELDS["__cause__"].__get__
_get_context = _FIELDS["__context__"].__get__
_get_suppress_context = _FIELDS["__suppress_context__"].__get__
# None before Python 3.11.
_Group: Any = getattr(builtins, "BaseExceptionGroup", None)


# Exceptions that carry another one from process to process, and the attribute that has it.
_CARRIERS = {"billiard.einfo.ExceptionWithTraceback": "exc"}


# Those that stand in for another one as long as somebody handles it, by their addresses: both exceptions.
stand_ins: dict[int, tuple[BaseException, BaseException]] = {}


def find_carried(error: BaseException) -> BaseException:
    """Return the exception that another one carries, as a pool's parent has it, or stands in for; else itself."""
    attribute = _CARRIERS.get(name_class(type(error)))
    carried = BaseException.__getattribute__(error, "__dict__").get(attribute) if attribute else None
    error = carried if isinstance(carried, BaseException) else error
    stand_in, original = stand_ins.get(id(error), (None, None))
    return original if original is not None and stand_in is error else error


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return the traceback of an exception, outermost call first."""
    traceback: TracebackType | None = _get_traceback(error)
    return traceback


def set_traceback(error: BaseException, traceback: TracebackType | None) -> None:
    """Set the traceback of the exception that is being handled, which a bare ``raise`` then goes on with."""
    BaseException.with_traceback(error, traceback)
    if sys.version_info < (3, 11) and sys.exc_info()[1] is error:
        try:
            _make_handled_setter()(error, traceback)
        except BaseException as failure:
            # The traceback that is printed has one frame too many then.
            if is_thrown_in(failure):
                raise


def origin_of(error: BaseException) -> tuple[str, BaseException] | None:
    """Return the exception that another was raised from or while handling, and by which field Python shows that."""
    cause = _get_cause(error)
    if cause is not None:
        return "__cause__", cause
    context = None if _get_suppress_context(error) else _get_context(error)
    return None if context is None else ("__context__", context)


def members_of(error: BaseException) -> tuple[BaseException, ...]:
    """Return the exceptions of an exception group; none of an exception that is no group."""
    kind = _Group or _find_backport()
    if kind is None or not issubclass(type(error), kind):
        return ()
    members = kind.exceptions.__get__(error)
    return members if type(members) is tuple else ()


def notes_of(error: BaseException) -> list[Any]:
    """Return the notes that `add_note` added to an exception."""
    try:
        # Not by `__dict__`, which the interpreter makes when somebody asks for it, and pickles from then on.
        notes = object.__getattribute__(error, "__notes__")
    except AttributeError:
        return []  # as of most exceptions
    except BaseException as failure:
        # A property of the application's may run here.
        if is_thrown_in(failure):
            raise
        return []
    return notes if issubclass(type(notes), list) else []


def find_exception_event(events: Iterable[Any]) -> Mapping[str, Any] | None:
    """Return the attributes of the last exception that a span recorded, None where it recorded none."""
    for event in reversed(tuple(events)):
        if event.name == EVENT_NAME:
            return event.attributes or {}
    return None


def format_title(type_name: str, message: str) -> str:
    """Return ``ValueError: boom``, the class without its module; only the class where there is no message."""
    name = type_name.rpartition(".")[2]
    return f"{name}: {message}" if message else name


def find_first_line(message: str) -> str:
    """Return the line of a message that says what failed: the first one, or the next after an aside in parentheses."""
    first, _, rest = message.partition("\n")
    second = rest.partition("\n")[0]
    return second if second.strip() and _ASIDE.fullmatch(first) else first


def name_exception(exception: BaseException) -> str:
    """Return the class of an exception as OpenTelemetry names it: with its module, if that is not `builtins`."""
    # The interpreter's own names: a metaclass may have others, or raise.
    return name_class(type(exception)).removeprefix("builtins.").removeprefix("None.")


def read_message(exception: BaseException) -> str:
    """Return the message of an exception; nothing where code of the application's would have to make it."""
    return str(exception) if _has_plain_message(exception, _MAX_DEPTH) else ""


def has_no_message(exception: BaseException) -> bool:
    """Return whether an exception was made without arguments, and nothing else makes a message of it."""
    return not _get_arguments(exception) and _has_plain_message(exception, _MAX_DEPTH)


def _has_plain_message(exception: BaseException, depth: int) -> bool:
    """Return whether nothing but Python itself makes the message of an exception."""
    for method in ("__str__", "__repr__"):
        found = next(vars(kind)[method] for kind in type(exception).__mro__ if method in vars(kind))
        if type(found) is not WrapperDescriptorType:
            return False
    arguments = list(_get_arguments(exception))
    if issubclass(type(exception), OSError):
        arguments += [get_filename(exception) for get_filename in _get_filenames]
    return depth > 0 and all(
        type(argument) in _SIMPLE
        or (issubclass(type(argument), BaseException) and _has_plain_message(argument, depth - 1))
        for argument in arguments
    )


@lru_cache(maxsize=1)
def _make_handled_setter() -> Callable[[BaseException, TracebackType | None], None]:
    """
    Return a function that sets the traceback beside the exception that is being handled.

    Before Python 3.11 the interpreter keeps it there too, and raises the exception
    with that one again. Only the C API has a way to it.
    """
    import ctypes  # noqa: PLC0415 - only where an error passes a stand-in

    keep = ctypes.PYFUNCTYPE(None, ctypes.py_object)(("Py_IncRef", ctypes.pythonapi))
    make = ctypes.PYFUNCTYPE(None, *[ctypes.py_object] * 3)
    set_handled = make(("PyErr_SetExcInfo", ctypes.pythonapi))

    def set_traceback_beside(error: BaseException, traceback: TracebackType | None) -> None:
        parts = [ctypes.py_object(part) for part in (type(error), error, traceback) if part is not None]
        for part in parts:
            keep(part)  # the interpreter takes its reference over
        set_handled(*parts, *[ctypes.py_object()] * (3 - len(parts)))

    return set_traceback_beside


def _find_backport() -> Any:
    """Return the class of Python 3.10, which anyio and trio bring along; None where nobody has imported it."""
    return getattr(sys.modules.get("exceptiongroup"), "BaseExceptionGroup", None)
