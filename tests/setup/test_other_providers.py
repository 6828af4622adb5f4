"""Providers of others: the SDK's inside is found, whenever it is put there, and else one warning says why not."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry import _logs, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

import otel_crumbs
from otel_crumbs.setup.other_providers import find_inside
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, new_application, no_global_providers
from tests.hooked import processors, provider_parts


class Proxy(trace.TracerProvider):
    """Hands everything on to a provider that it may be given later, as logfire's does."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self.provider = provider

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        """Return a tracer of the provider's."""
        return self.provider.get_tracer(*args, **kwargs)

    def set_provider(self, provider: trace.TracerProvider) -> None:
        """Have another provider from now on."""
        self.provider = provider


class Wrapper(trace.TracerProvider):
    """Hands everything on to the provider that it was made with."""

    __slots__ = ("_wrapped",)

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._wrapped = provider

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        """Return a tracer of the provider's."""
        return self._wrapped.get_tracer(*args, **kwargs)


class Hidden(trace.TracerProvider):
    """Has the provider where nobody finds it, and takes processors for it."""

    def __init__(self, provider: TracerProvider) -> None:
        self.get_tracer = provider.get_tracer  # type: ignore[method-assign]  # that is what it does
        self.add_span_processor = provider.add_span_processor

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:  # type: ignore[no-redef]
        """Return a tracer of the provider's."""
        raise NotImplementedError


class Foreign(trace.TracerProvider):
    """Makes spans of its own."""

    def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
        """Return a tracer that does nothing."""
        return trace.NoOpTracer()


class ForeignLogs(_logs.LoggerProvider):
    """Makes log records of its own."""

    def get_logger(self, *_: Any, **__: Any) -> _logs.Logger:
        """Return a logger that does nothing."""
        return _logs.NoOpLogger("nobody")


@pytest.fixture
def app() -> Application:
    """Return an SDK that is no global provider."""
    return new_application()


def fail_in_request() -> None:
    """Fail in a request that took a step."""
    tracer = trace.get_tracer("web")
    with suppress(ValueError), tracer.start_as_current_span("GET /orders", kind=SpanKind.SERVER):
        with tracer.start_as_current_span("stock"):
            pass
        raise ValueError("boom")


def summaries(events: CapturedEvents) -> list[tuple[str, str | None, list[str]]]:
    """Return title, operation and messages of events."""
    return [(each.title, each.operation, [crumb.message for crumb in each.breadcrumbs]) for each in events]


WANTED = [("ValueError: boom", "GET /orders", ["stock"])]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("wrap", [Proxy, Wrapper, Hidden, lambda provider: Wrapper(Proxy(Wrapper(provider)))])
def test_a_wrapper_around_the_sdk(app: Application, wrap: Any, *, first: bool) -> None:
    """Spans are breadcrumbs, and a failed request is an event, whichever comes first."""
    with no_global_providers():
        if not first:
            trace.set_tracer_provider(wrap(app.tracer_provider))
        with capture_events() as events:
            if first:
                trace.set_tracer_provider(wrap(app.tracer_provider))
            fail_in_request()

            assert summaries(events) == WANTED


@pytest.mark.parametrize("wrap", [Proxy, Wrapper])
def test_a_wrapper_is_let_go(app: Application, wrap: Any) -> None:
    """Nothing is left on what it wraps, and nothing on its class."""
    before, method = provider_parts(app), Proxy.set_provider
    with no_global_providers():
        trace.set_tracer_provider(wrap(app.tracer_provider))
        otel_crumbs.install(exporter="none")
        assert len(processors(app)) == 1

        otel_crumbs.uninstall()

    assert provider_parts(app) == before
    assert Proxy.set_provider is method


def test_a_proxy_that_is_given_another_provider(app: Application) -> None:
    """The processors go with it: once for what is there now."""
    proxy, other = Proxy(trace.NoOpTracerProvider()), new_application()
    with no_global_providers():
        trace.set_tracer_provider(proxy)
        with capture_events() as events:
            proxy.set_provider(app.tracer_provider)
            proxy.set_provider(other.tracer_provider)
            fail_in_request()

            assert summaries(events) == WANTED
            assert (len(processors(app)), len(processors(other))) == (0, 1)
        proxy.set_provider(app.tracer_provider)

        assert (len(processors(app)), len(processors(other))) == (0, 0)


def test_a_provider_of_another_kind(caplog: pytest.LogCaptureFixture) -> None:
    """One warning has its class and what to do; all else works."""
    with no_global_providers(), capture_events() as events:
        trace.set_tracer_provider(Foreign())
        _logs.set_logger_provider(ForeignLogs())
        fail_in_request()
        logging.getLogger("shop").info("said")
        otel_crumbs.capture_exception(ValueError("boom"))

        assert summaries(events) == [("ValueError: boom", None, ["said"])]
    tracers, logs = (line for line in caplog.messages if "provider is a" in line)
    assert f"The tracer provider is a {__name__}.Foreign" in tracers
    assert f"The logger provider is a {__name__}.ForeignLogs" in logs
    assert "Remedy: " in tracers
    assert "Remedy: " in logs


@pytest.mark.parametrize("provider", [trace.NoOpTracerProvider(), trace.ProxyTracerProvider()])
def test_a_provider_that_is_meant_to_do_nothing(
    provider: trace.TracerProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is warned of what was asked for."""
    with no_global_providers(), capture_events():
        trace.set_tracer_provider(provider)

    assert caplog.messages == []


def test_wrappers_in_a_circle() -> None:
    """The search comes to an end."""
    one = Proxy(trace.NoOpTracerProvider())
    one.provider = Proxy(one)

    assert find_inside(one, TracerProvider) is None
