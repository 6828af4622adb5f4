"""``logger.info`` to a handler that does nothing, inside a request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import thread_time

from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, set_tracer_provider, use_span

import otel_crumbs

from . import Batch


def _batch() -> Batch:
    logger = logging.getLogger("shop.orders")
    logger.setLevel(logging.INFO)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False

    def batch(loops: int) -> float:
        began = thread_time()
        for number in range(loops):
            logger.info("order %s is %s", number, "paid")
        return thread_time() - began

    return batch


def _ours() -> Batch:
    provider = TracerProvider(shutdown_on_exit=False)
    set_tracer_provider(provider)
    otel_crumbs.install(exporter="none")
    batch = _batch()
    request = provider.get_tracer("benchmark").start_span("GET /orders", kind=SpanKind.SERVER)

    def inside(loops: int) -> float:
        with use_span(request):
            return batch(loops)

    return inside


def _ours_with_logs() -> Batch:
    # Then each line says that its handlers run, lest OpenTelemetry's handler leave it a second time.
    set_logger_provider(LoggerProvider(shutdown_on_exit=False))
    return _ours()


def _sentry() -> Batch:
    import sentry_sdk
    from sentry_sdk.integrations.logging import LoggingIntegration

    from . import sentry

    sentry.start(integrations=[LoggingIntegration()])
    batch = _batch()

    def inside(loops: int) -> float:
        with sentry_sdk.isolation_scope():
            return batch(loops)

    return inside


def _raven() -> Batch:
    import raven

    client = raven.Client("http://key:secret@127.0.0.1:9/1", install_sys_hook=False, install_logging_hook=True)
    client.context.activate()
    return _batch()


SIDES: dict[str, Callable[[], Batch]] = {
    "logging": _batch,
    "otel_crumbs": _ours,
    "otel_crumbs, OpenTelemetry's logs set up": _ours_with_logs,
    "sentry-sdk": _sentry,
    "raven": _raven,
}
