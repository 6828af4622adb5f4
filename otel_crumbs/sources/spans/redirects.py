"""
Redirects that a client follows within one span.

requests, urllib and aiohttp make one span of a call, with the first address
and the last status. What lay between is noted here, by the span's id, for the
span itself is exported and must not be changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from opentelemetry.trace import Span, get_current_span

from otel_crumbs.base.guard import guarded

Undo = Callable[[], None]
Method = Callable[..., Any]

# Calls are told of soon after they were made; what is older was told or forgotten.
MAX_SPANS = 1000

_statuses: OrderedDict[int, tuple[int, ...]] = OrderedDict()


def redirects_of(span_id: int) -> tuple[int, ...]:
    """Return the statuses that sent a span's call elsewhere, oldest first."""
    return _statuses.get(span_id, ())


def install() -> Undo:
    """Watch the clients that are there or come later; returns what undoes it."""
    # It imports asyncio and more; spans are rendered where nobody installed anything, too.
    from wrapt import register_post_import_hook  # noqa: PLC0415

    watch = Watch()
    for module, owner, name, noting in _PLACES:
        register_post_import_hook(guarded(f"{module} was hooked")(watch.hook(owner, name, noting)), module)
    return watch.end


class Watch:
    """Has methods replaced by ones that note redirects, until it ends."""

    def __init__(self) -> None:
        self.active = True
        self._undos: list[Undo] = []

    def hook(self, owner: str, name: str, noting: Callable[[Method], Method]) -> Callable[[Any], None]:
        """Return what replaces a method of a module that has been imported."""

        def hook(module: Any) -> None:
            if self.active:
                holder = getattr(module, owner)
                self._replace(holder, name, vars(holder)[name], noting)

        return hook

    def end(self) -> None:
        """Watch no more."""
        self.active = False
        for undo in self._undos:
            undo()

    def _replace(self, holder: Any, name: str, original: Method, noting: Callable[[Method], Method]) -> None:
        watched = noting(original)

        @wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            return (watched if self.active else original)(*args, **kwargs)

        def undo() -> None:
            if vars(holder).get(name) is method:
                setattr(holder, name, original)

        setattr(holder, name, method)
        self._undos.append(undo)


def _of_requests(original: Method) -> Method:
    def resolve_redirects(session: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        answers = original(session, response, *args, **kwargs)
        # Else it is only asked where a redirect would lead to.
        return answers if kwargs.get("yield_requests") else _noted(response, answers)

    return resolve_redirects


def _noted(response: Any, answers: Iterator[Any]) -> Iterator[Any]:
    for answer in answers:
        _note(response.status_code)
        response = answer
        yield answer


def _of_urllib(original: Method) -> Method:
    def redirect_request(handler: Any, request: Any, file: Any, code: Any, *args: Any, **kwargs: Any) -> Any:
        further = original(handler, request, file, code, *args, **kwargs)
        if further is not None:
            _note(code)
        return further

    return redirect_request


def _of_aiohttp(original: Method) -> Method:
    def send_request_redirect(trace: Any, *args: Any, **kwargs: Any) -> Any:
        # Every tracer of the session is told; the instrumentation's is the one with a span.
        span = getattr(getattr(trace, "_trace_config_ctx", None), "span", None)
        if span is not None and args:
            _note(getattr(args[-1], "status", None), span)
        return original(trace, *args, **kwargs)

    return send_request_redirect


@guarded("a redirect was noted")
def _note(status: Any, span: Span | None = None) -> None:
    span_id = (span or get_current_span()).get_span_context().span_id
    if span_id and isinstance(status, int):
        _statuses[span_id] = (*_statuses.get(span_id, ()), status)
        while len(_statuses) > MAX_SPANS:
            _statuses.popitem(last=False)


_PLACES: tuple[tuple[str, str, str, Callable[[Method], Method]], ...] = (
    ("requests.sessions", "SessionRedirectMixin", "resolve_redirects", _of_requests),
    ("urllib.request", "HTTPRedirectHandler", "redirect_request", _of_urllib),
    ("aiohttp.tracing", "Trace", "send_request_redirect", _of_aiohttp),
)
