"""
Requests made with `http.client`, for which OpenTelemetry has no instrumentation.

Everything in Python that speaks HTTP without one ends there: `urllib`,
`xmlrpc`, `urllib3` and what is built on it. Under an instrumented client this
source records nothing, for the client's span says more; where no SDK is set up
there is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

# By name: this module is imported when `http.client` has run, before the package `http` has it as an attribute.
from http.client import HTTPConnection, HTTPSConnection
from typing import Any, NamedTuple

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.instrumentations import is_instrumentation_enabled, is_traced_http_call
from otel_crumbs.base.patching import Patch, Undo, combine, find_argument, replace
from otel_crumbs.base.plain import MAX_MESSAGE, to_plain, to_text
from otel_crumbs.trails import Breadcrumb, Entry, EntryKind, current

from .rules.calls import describe_http
from .rules.facts import SpanFacts
from .spans.entry import format_duration

_MS = 1e6
_CLIENT_ERROR = 400

# The attribute in which a connection keeps the request that it is busy with.
_PENDING = "_otel_crumbs_pending"


class Pending(NamedTuple):
    """A request under way."""

    started: int
    method: str
    url: str


class CallEntry(NamedTuple):
    """The references to a request; the first five are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    category: str
    method: str
    url: str
    status: int | None
    reason: str | None
    error: str | None
    ended: int


def install() -> Undo:
    """Record the requests of `http.client.HTTPConnection`; return the function that undoes it."""
    return combine(
        _follow("putrequest", _begin_request),
        _follow("endheaders", _check_endheaders),
        _follow("getresponse", _end_request),
    )


def render_call(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a request."""
    kept = CallEntry._make(entry)
    took_ms = round((kept.ended - kept.timestamp) / _MS, 3)
    facts = SpanFacts(
        name=kept.method,
        scope="http.client",
        attributes={
            "http.request.method": kept.method,
            "url.full": kept.url,
            "http.response.status_code": kept.status,
        },
        failed=kept.error is not None,
        error=kept.error.partition(":")[0] if kept.error else None,
        took=format_duration(took_ms),
    )
    description = describe_http(facts)
    known = {**description.data, "library": "http.client", "reason": kept.reason, "error": kept.error}
    data = {key: to_plain(value) for key, value in known.items() if value is not None}
    yield Breadcrumb(
        timestamp=kept.timestamp,
        type=description.type,
        category=description.category,
        level=description.level,
        message=to_text(description.message, MAX_MESSAGE),
        data={**data, "duration_ms": took_ms},
        duration_ms=took_ms,
        branch=kept.branch,
    )


CALL = EntryKind(render=render_call)

Follower = Callable[[tuple[Any, ...], dict[str, Any], Any, BaseException | None], None]


def _follow(name: str, after: Follower) -> Undo:
    """Call *after* when a method has run, with its arguments, and its result or what it raised."""
    guarded_after = guarded(f"http.client's {name} was followed")(after)

    def make(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                if patch.active and args:
                    guarded_after(args, kwargs, None, error)
                remove_own_frame(error)
                raise
            if patch.active and args:
                guarded_after(args, kwargs, result, None)
            return result

        return method

    return replace(HTTPConnection, name, make)


def _begin_request(args: tuple[Any, ...], kwargs: dict[str, Any], _: Any, error: BaseException | None) -> None:
    connection: HTTPConnection = args[0]
    connection.__dict__.pop(_PENDING, None)
    if error is None and is_instrumentation_enabled() and not is_traced_http_call():
        method, url = find_argument(args, kwargs, 1, "method"), find_argument(args, kwargs, 2, "url")
        connection.__dict__[_PENDING] = Pending(time.time_ns(), str(method), _make_url(connection, str(url)))


def _check_endheaders(args: tuple[Any, ...], _: dict[str, Any], __: Any, error: BaseException | None) -> None:
    if error is not None:
        _finish(args[0], None, error)


def _end_request(args: tuple[Any, ...], _: dict[str, Any], response: Any, error: BaseException | None) -> None:
    _finish(args[0], response, error)


def _finish(connection: HTTPConnection, response: Any, error: BaseException | None) -> None:
    pending = connection.__dict__.pop(_PENDING, None)
    if pending is None:
        return
    status = getattr(response, "status", None)
    branch = current.find_branch()
    branch.append(
        CallEntry(
            timestamp=pending.started,
            notable=error is not None or (isinstance(status, int) and status >= _CLIENT_ERROR),
            branch=branch.name,
            kind=CALL,
            category="http",
            method=pending.method,
            url=pending.url,
            status=status,
            reason=getattr(response, "reason", None),
            error=str(to_plain(error)) if error is not None else None,
            ended=time.time_ns(),
        )
    )


def _make_url(connection: HTTPConnection, target: str) -> str:
    """Return the whole URL of a request; one to a proxy names it already."""
    if "://" in target:
        return target
    scheme = "https" if isinstance(connection, HTTPSConnection) else "http"
    tunnel = getattr(connection, "_tunnel_host", None)
    host, port = (tunnel, connection._tunnel_port) if tunnel else (connection.host, connection.port)  # type: ignore[attr-defined]  # noqa: SLF001 - set by set_tunnel()
    default = {"http": 80, "https": 443}[scheme]
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}://{named}{'' if port in {default, None} else f':{port}'}{target}"
