"""A breadcrumb left by hand, inside a request."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time
from typing import Any

import sentry_sdk
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, use_span

import otel_crumbs
from otel_crumbs import BreadcrumbSpanProcessor

from . import Batch, sentry


def _record(leave: Callable[..., Any]) -> Batch:
    def batch(loops: int) -> float:
        began = thread_time()
        for number in range(loops):
            leave(message="order checked", category="shop", level="info", data={"order": number, "state": "paid"})
        return thread_time() - began

    return batch


def _ours() -> Batch:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BreadcrumbSpanProcessor())
    batch = _record(otel_crumbs.record)
    request = provider.get_tracer("benchmark").start_span("GET /orders", kind=SpanKind.SERVER)

    def inside(loops: int) -> float:
        with use_span(request):
            return batch(loops)

    return inside


def _ours_outside() -> Batch:
    return _record(otel_crumbs.record)


def _sentry() -> Batch:
    sentry.start()
    batch = _record(sentry_sdk.add_breadcrumb)

    def inside(loops: int) -> float:
        with sentry_sdk.isolation_scope():
            return batch(loops)

    return inside


SIDES = {"otel_crumbs": _ours, "otel_crumbs, outside": _ours_outside, "sentry-sdk": _sentry}
