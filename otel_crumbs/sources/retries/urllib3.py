"""
Attempts of urllib3, which requests uses as well: what its `Retry` has it try again.

Where no instrumentation makes a span of the call, the source of `http.client`
tells of each request, and this one is silent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.instrumentations import is_traced_http_call
from otel_crumbs.base.patching import Patch, Undo, combine, find_argument, on_import, replace

from .attempt import record_attempt

_DEFAULT_PORTS = {"http": 80, "https": 443}
# The places of arguments: of `HTTPConnectionPool._make_request` and `Retry.increment`.
_METHOD_AT, _URL_AT = 2, 3
_RESPONSE_AT, _ERROR_AT = 3, 4


class _Attempt(NamedTuple):
    """The newest attempt of a thread."""

    started: int
    ended: int
    method: str
    url: str


_newest = threading.local()


def install() -> Undo:
    """Record what is tried again; return the function that undoes it."""
    return combine(on_import("urllib3.connectionpool", _hook), _newest.__dict__.clear)


def _hook(connectionpool: Any) -> Undo:
    return combine(
        replace(connectionpool.HTTPConnectionPool, "_make_request", _make_make_request),
        replace(connectionpool.Retry, "increment", _make_increment),
    )


def _make_make_request(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    @guarded("an attempt of urllib3 was noticed")
    def keep(args: tuple[Any, ...], kwargs: dict[str, Any], started: int) -> None:
        method, target = find_argument(args, kwargs, _METHOD_AT, "method"), find_argument(args, kwargs, _URL_AT, "url")
        _newest.attempt = _Attempt(started, time.time_ns(), str(method), _make_url(args[0], str(target)))

    def _make_request(*args: Any, **kwargs: Any) -> Any:
        started = time.time_ns() if patch.active and args and is_traced_http_call() else 0
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        finally:
            if started:
                keep(args, kwargs, started)

    return _make_request


def _make_increment(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    @guarded("an attempt of urllib3 was recorded")
    def record(args: tuple[Any, ...], kwargs: dict[str, Any], following: Any, attempt: _Attempt) -> None:
        if not is_traced_http_call():
            return
        response = find_argument(args, kwargs, _RESPONSE_AT, "response")
        status = getattr(response, "status", None)
        record_attempt(
            category="http",
            library="urllib3",
            name=attempt.method,
            attributes={
                "http.request.method": attempt.method,
                "url.full": attempt.url,
                **({} if status is None else {"http.response.status_code": status}),
            },
            number=len(getattr(following, "history", ())) or 1,
            started=attempt.started,
            ended=attempt.ended,
            error=find_argument(args, kwargs, _ERROR_AT, "error"),
        )

    def increment(*args: Any, **kwargs: Any) -> Any:
        attempt = _newest.__dict__.pop("attempt", None)
        try:
            # Raises where nothing follows: then the call's own span tells of this attempt.
            following = original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        if attempt is not None and patch.active:
            record(args, kwargs, following, attempt)
        return following

    return increment


def _make_url(pool: Any, target: str) -> str:
    if "://" in target:  # to a proxy
        return target
    scheme, host, port = pool.scheme, pool.host, pool.port
    shown = "" if port in {None, _DEFAULT_PORTS.get(scheme)} else f":{port}"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{shown}{target}"
