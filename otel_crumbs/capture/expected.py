"""
The exceptions that are expected: the program's way to stop or to answer, and no failures.

One table says which. Classes are known by their names, so that nothing is
imported for them; a subclass of an expected one is expected as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from otel_crumbs.base.guard import guarded

_SERVER_ERROR = 500
# Members of groups that are looked at; in a larger group the others count as failures.
_MAX_MEMBERS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRow:
    """
    A row of the table.

    Args:
        classes: Full names of classes.
        meaning: Why they are no failures, in words.
        fits: Whether an exception of such a class is expected; each is, if None.

    """

    classes: tuple[str, ...]
    meaning: str
    fits: Callable[[BaseException], bool] | None = None


def _has_succeeded(error: BaseException) -> bool:
    return getattr(error, "code", None) in {None, 0}


def _is_answer(error: BaseException) -> bool:
    for name in ("status_code", "code", "status"):
        status = getattr(error, name, None)
        if isinstance(status, int):
            return status < _SERVER_ERROR
    return True


TABLE = (
    ExpectedRow(classes=("builtins.KeyboardInterrupt",), meaning="the user's Ctrl-C"),
    ExpectedRow(classes=("builtins.SystemExit",), meaning="the end of the program, with success", fits=_has_succeeded),
    ExpectedRow(classes=("builtins.GeneratorExit",), meaning="a generator that is closed"),
    ExpectedRow(
        classes=(
            "asyncio.exceptions.CancelledError",
            "concurrent.futures._base.CancelledError",
            "gevent.timeout.Timeout",
            "greenlet.GreenletExit",
            "trio.Cancelled",
        ),
        meaning="a task or greenlet that is cancelled",
    ),
    ExpectedRow(
        classes=(
            "starlette.requests.ClientDisconnect",
            "starlette.websockets.WebSocketDisconnect",
            "uvicorn.protocols.utils.ClientDisconnected",
            "websockets.exceptions.ConnectionClosedOK",
            "channels.exceptions.StopConsumer",
        ),
        meaning="a client that closes its connection",
    ),
    ExpectedRow(
        classes=(
            "django.http.response.Http404",
            "django.core.exceptions.BadRequest",
            "django.core.exceptions.PermissionDenied",
            "django.core.exceptions.SuspiciousOperation",
            "fastapi.exceptions.RequestValidationError",
        ),
        meaning="an answer that the client asked for the wrong thing",
    ),
    ExpectedRow(
        classes=(
            "aiohttp.web_exceptions.HTTPException",
            "bottle.HTTPResponse",
            "falcon.http_error.HTTPError",
            "litestar.exceptions.http_exceptions.HTTPException",
            "ninja.errors.HttpError",
            "pyramid.httpexceptions.HTTPException",
            "rest_framework.exceptions.APIException",
            "sanic.exceptions.SanicException",
            "starlette.exceptions.HTTPException",
            "tornado.web.HTTPError",
            "werkzeug.exceptions.HTTPException",
        ),
        meaning="an HTTP answer with a status below 500",
        fits=_is_answer,
    ),
    ExpectedRow(
        classes=("celery.exceptions.Ignore", "celery.exceptions.Reject", "celery.exceptions.Retry"),
        meaning="what a Celery task says of itself; what it is declared to throw (`throws=`) is expected as well",
    ),
)

_ROWS = {name: row for row in TABLE for name in row.classes}


class ExpectedErrors:
    """
    Decides which exceptions are expected.

    Args:
        ignored: Classes, or their full names, that the user says are no failures.

    """

    def __init__(self, ignored: Iterable[type[BaseException] | str] = ()) -> None:
        self._ignored = tuple(ignored)

    def includes(self, error: BaseException) -> bool:
        """Return whether an exception is expected: a group, if all its members are."""
        members = tuple(_iterate_members(error))
        return len(members) < _MAX_MEMBERS and all(map(self._includes_one, members))

    def includes_name(self, name: str, message: str = "") -> bool:
        """Return whether an exception is expected of which only the name, full or short, and the message are left."""
        if _is_name_of(name, "builtins.SystemExit"):
            return message in {"", "0", "None"}
        found = find_class(name)
        names = [name, *(name_class(kind) for kind in found.__mro__)] if found else [name]
        known = [full for full, row in _ROWS.items() if row.fits is None]
        known += [each if isinstance(each, str) else name_class(each) for each in self._ignored]
        expected = any(_is_name_of(each, full) for each in names for full in known)
        return expected or bool(_is_thrown_by_task(names))

    def _includes_one(self, error: BaseException) -> bool:
        kinds = type(error).__mro__
        if any(_is_class(each, kinds) for each in self._ignored):
            return True
        names = [name_class(kind) for kind in kinds]
        rows = [_ROWS[name] for name in names if name in _ROWS]
        return any(row.fits is None or _ask(row.fits, error) for row in rows) or bool(_is_thrown_by_task(names))


def find_unknown(ignored: Iterable[type[BaseException] | str]) -> Iterator[str]:
    """Iterate over the names that name no class, as far as that can be said without an import."""
    for each in ignored:
        if isinstance(each, str) and not _is_possible(each):
            yield each


def find_class(name: str) -> type | None:
    """Return the class of a full name, if its module is imported."""
    module, _, attribute = name.rpartition(".")
    found = vars(sys.modules.get(module or "builtins", object)).get(attribute)
    return found if isinstance(found, type) else None


def _is_possible(name: str) -> bool:
    module = name.rpartition(".")[0]
    if (module or "builtins") in sys.modules:
        return find_class(name) is not None
    try:
        return find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _is_class(wanted: type[BaseException] | str, kinds: tuple[type, ...]) -> bool:
    """Return whether one of an exception's classes is wanted; a name may be one by which a package exports it."""
    if not isinstance(wanted, str):
        return wanted in kinds
    exported = find_class(wanted)
    return any(kind is exported or name_class(kind) == wanted for kind in kinds)


def _is_name_of(name: str, full: str) -> bool:
    return name == full or full.endswith(f".{name}")


def name_class(kind: type) -> str:
    """Return the full name of a class."""
    return f"{kind.__module__}.{kind.__qualname__}"


@guarded("an exception was looked up among the expected ones")
def _ask(fits: Callable[[BaseException], bool], error: BaseException) -> bool:
    return fits(error)


def _iterate_members(error: BaseException) -> Iterator[BaseException]:
    """Iterate over the exceptions that are no groups: itself, or those within, each once."""
    ahead, seen = [error], {id(error)}
    while ahead and len(seen) < _MAX_MEMBERS:
        each = ahead.pop()
        members = _members_of(each)
        if not members:
            yield each
        for member in members:
            if id(member) not in seen:
                seen.add(id(member))
                ahead.append(member)


def _members_of(error: BaseException) -> tuple[BaseException, ...]:
    # Python 3.10 has no groups of its own; those of the package `exceptiongroup` have the same name and attribute.
    if not any(kind.__name__ == "BaseExceptionGroup" for kind in type(error).__mro__):
        return ()
    members = getattr(error, "exceptions", ())
    return tuple(member for member in members if isinstance(member, BaseException))


@guarded("a Celery task was asked what it throws")
def _is_thrown_by_task(names: Iterable[str]) -> bool:
    """Return whether the Celery task that runs here is declared to throw one of these classes."""
    state = sys.modules.get("celery._state")
    task: Any = state.get_current_task() if state is not None else None
    declared = [name_class(kind) for kind in getattr(task, "throws", None) or () if isinstance(kind, type)]
    return any(_is_name_of(name, full) for name in names for full in declared)
