"""
Attempts of httpcore to connect, which the transports of httpx make: `httpx.HTTPTransport(retries=3)`.

The span of an instrumented client tells of the last attempt. Without one nothing does,
for httpcore is not built on `http.client`, and what was tried before is told all the same.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.instrumentations import is_instrumentation_enabled
from otel_crumbs.base.patching import Patch, Undo, combine, find_argument, on_import, replace

from .attempt import record_attempt

_NAME_AT, _REQUEST_AT = 0, 2
_CONNECTS, _RETRY = frozenset({"connect_tcp", "connect_unix_socket"}), "retry"
_DEFAULT_PORTS = {b"http": 80, b"https": 443}
# The attribute of a request in which the number of its newest attempt is, and when that began.
_NEWEST = "_otel_crumbs_attempt"


def install() -> Undo:
    """Record the attempts to connect that are followed by another one; return the function that undoes it."""
    return combine(*[on_import(f"httpcore.{way}.connection", _hook) for way in ("_sync", "_async")])


def _hook(connection: Any) -> Undo:
    return replace(connection, "Trace", _make_trace)


def _make_trace(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    # A function would be given the attributes of the class.
    return partial(_make_step, original, patch)


def _make_step(original: Callable[..., Any], patch: Patch, /, *args: Any, **kwargs: Any) -> Any:
    """Return the trace of a step of connecting, as httpcore asks for one before each."""
    if patch.active:
        _keep_step(find_argument(args, kwargs, _NAME_AT, "name"), find_argument(args, kwargs, _REQUEST_AT, "request"))
    return original(*args, **kwargs)


@guarded("an attempt of httpcore was noticed")
def _keep_step(name: str, request: Any) -> None:
    if name in _CONNECTS:
        number = vars(request).get(_NEWEST, (0,))[0]
        setattr(request, _NEWEST, (number + 1, time.time_ns()))
    elif name == _RETRY and is_instrumentation_enabled():
        number, started = vars(request)[_NEWEST]
        method = request.method.decode("latin-1")
        record_attempt(
            category="http",
            library="httpx",
            name=method,
            attributes={"http.request.method": method, "url.full": _make_url(request.url)},
            number=number,
            started=started,
            # It asks for this step where it handles the failure of the attempt.
            error=sys.exc_info()[1],
        )


def _make_url(url: Any) -> str:
    scheme, port = url.scheme, url.port
    shown = b"" if port in {None, _DEFAULT_PORTS.get(scheme)} else b":%d" % port
    whole: bytes = scheme + b"://" + url.host + shown + url.target
    return whole.decode("latin-1")
