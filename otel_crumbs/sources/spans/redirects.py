"""
Redirects that a client follows within one span.

requests, urllib and aiohttp make one span of a call, with the first address
and the last status. The statuses between are kept here, by the span's id: the
span itself is exported and must not be changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from opentelemetry.trace import Span, get_current_span

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Make, Patch, Undo, combine, find_argument, on_import, replace

# Spans are rendered soon after their calls: the statuses of older ones were read, or will not be read.
MAX_SPANS = 1000

# The places of arguments: of requests' `resolve_redirects`, urllib's `redirect_request`, aiohttp's `Trace`.
_RESPONSE_AT, _YIELD_REQUESTS_AT = 1, 8
_CODE_AT = 3
_ANSWER_AT = 4

_statuses: OrderedDict[int, tuple[int, ...]] = OrderedDict()


def redirects_of(span_id: int) -> tuple[int, ...]:
    """Return the statuses that redirected a span's call, oldest first."""
    return _statuses.get(span_id, ())


def install() -> Undo:
    """Keep the redirects of the clients that are imported now or later; return the function that undoes it."""
    hooked = [_hook(module, owner, name, make) for module, owner, name, make in _METHODS]
    return combine(_statuses.clear, *hooked)


def _hook(module: str, owner: str, name: str, make: Make) -> Undo:
    return on_import(module, lambda imported: replace(getattr(imported, owner), name, make))


def _make_resolve_redirects(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def resolve_redirects(*args: Any, **kwargs: Any) -> Iterator[Any]:
        response = find_argument(args, kwargs, _RESPONSE_AT, "resp")
        # With yield_requests nothing is followed: the caller only asks where a redirect would lead to.
        is_followed = not find_argument(args, kwargs, _YIELD_REQUESTS_AT, "yield_requests")
        try:
            for following in original(*args, **kwargs):
                if patch.active and is_followed:
                    _keep_status(response.status_code)
                response = following
                yield following
        except BaseException as error:
            remove_own_frame(error)
            raise

    return resolve_redirects


def _make_redirect_request(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def redirect_request(*args: Any, **kwargs: Any) -> Any:
        try:
            further = original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        if patch.active and further is not None:
            _keep_status(find_argument(args, kwargs, _CODE_AT, "code"))
        return further

    return redirect_request


def _make_send_request_redirect(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    async def send_request_redirect(*args: Any, **kwargs: Any) -> Any:
        # Every tracer of the session gets the redirect; the instrumentation's is the one that has a span.
        span = getattr(getattr(args[0] if args else None, "_trace_config_ctx", None), "span", None)
        if patch.active and span is not None:
            _keep_status(getattr(find_argument(args, kwargs, _ANSWER_AT, "response"), "status", None), span)
        try:
            return await original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise

    return send_request_redirect


@guarded("a redirect was recorded")
def _keep_status(status: Any, span: Span | None = None) -> None:
    span_id = (span or get_current_span()).get_span_context().span_id
    if span_id and isinstance(status, int):
        _statuses[span_id] = (*_statuses.get(span_id, ()), status)
        while len(_statuses) > MAX_SPANS:
            _statuses.popitem(last=False)


# By module: the class and the method that follows a redirect.
_METHODS: tuple[tuple[str, str, str, Make], ...] = (
    ("requests.sessions", "SessionRedirectMixin", "resolve_redirects", _make_resolve_redirects),
    ("urllib.request", "HTTPRedirectHandler", "redirect_request", _make_redirect_request),
    ("aiohttp.tracing", "Trace", "send_request_redirect", _make_send_request_redirect),
)
