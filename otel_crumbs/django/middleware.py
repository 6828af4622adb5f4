"""A middleware that gives each request a trail of its own where no tracing does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.decorators import sync_and_async_middleware

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.mechanisms import ANSWER
from otel_crumbs.capture.failed_operations import describe_answer
from otel_crumbs.install import get_installation
from otel_crumbs.trails import current, operation

_FAILED = 500

Handler = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def CrumbsMiddleware(get_response: Handler) -> Handler:  # noqa: N802 - named like Django's own
    """
    Open an operation for each request, unless its server span has opened one.

    Put it first in ``MIDDLEWARE``. Where OpenTelemetry's Django
    instrumentation runs, it is not needed and does nothing.
    """
    if iscoroutinefunction(get_response):
        return _make_async_middleware(get_response)
    return _make_sync_middleware(get_response)


def _make_sync_middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        if _has_operation():
            return get_response(request)
        with operation(name := _name_request(request)):
            response = get_response(request)
            _report_answer(response, name)
            return response

    return middleware


def _make_async_middleware(get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> Handler:
    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if _has_operation():
            return await get_response(request)
        async with operation(name := _name_request(request)):
            response = await get_response(request)
            _report_answer(response, name)
            return response

    return middleware


@guarded("the Django middleware looked for an operation")
def _has_operation() -> bool:
    return current.find_branch().operation is not None


@guarded("the Django middleware looked at an answer")
def _report_answer(response: HttpResponseBase, request: str) -> None:
    """Report an answer of 500 or above that no exception led to."""
    installation = get_installation()
    if response.status_code < _FAILED or installation is None or not installation.active:
        return
    if ANSWER in installation.config.capture:
        info = describe_answer(response.status_code, request)
        installation.reporter.report_answer(info, branch=current.find_branch(), span_context=None)


def _name_request(request: HttpRequest) -> str:
    """Return the method and the route, as OpenTelemetry names a request; the path where no route fits."""
    try:
        route = resolve(request.path_info, getattr(request, "urlconf", None)).route
    except Resolver404:
        route = request.path
    return f"{request.method} {route}"
