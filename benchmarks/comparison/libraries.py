"""The two libraries, each used as its own documentation has it, behind the same few names."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """
    An error event as its receiver sees it.

    Args:
        error: The exception's message.
        breadcrumbs: As they go over the wire.

    """

    error: str
    breadcrumbs: Sequence[dict[str, Any]]

    def reports(self, words: str) -> bool:
        """Return whether any breadcrumb has these words in it, wherever."""
        return words in json.dumps(self.breadcrumbs, default=str)

    def of_type(self, *types: str) -> list[dict[str, Any]]:
        """Return the breadcrumbs of some types or categories."""
        return [one for one in self.breadcrumbs if one.get("type") in types or one.get("category") in types]


class Library(Protocol):
    """What a scenario needs of a library."""

    name: str

    def start(self, *, sampled: bool = True, receiver: str | None = None, integrations: Sequence[str] = ()) -> None:
        """
        Start it. Call it in the running loop, if there is one.

        Args:
            sampled: Whether traces are sampled.
            receiver: Where events go; they stay in memory where none is named.
            integrations: Those of sentry-sdk that it does not find by itself, as `module.Class`.

        """

    def request(self, name: str) -> AbstractContextManager[Any]:
        """Open a unit of work as a web framework's integration does."""

    def operation(self, name: str) -> AbstractContextManager[Any]:
        """Open a unit of work by hand."""

    def query(self, statement: str) -> AbstractContextManager[Any]:
        """Be in the middle of a statement of SQL, as the integration of a database is."""

    def note(self, message: str) -> None:
        """Leave a breadcrumb by hand."""

    def capture(self, error: BaseException) -> None:
        """Report an exception."""

    def seen(self) -> list[Seen]:
        """Return the events so far."""

    def flush(self) -> None:
        """Wait until what was captured is delivered, some seconds at most."""


class OtelCrumbs:
    """otel_crumbs beside the SDK with its instrumentations."""

    name = "otel_crumbs"

    def start(self, *, sampled: bool = True, receiver: str | None = None, integrations: Sequence[str] = ()) -> None:
        """Set up the SDK as applications do, then install."""
        from opentelemetry import trace
        from opentelemetry.instrumentation.threading import ThreadingInstrumentor
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

        import otel_crumbs
        from otel_crumbs.testing import CapturedEvents

        sampler = ALWAYS_ON if sampled else ALWAYS_OFF
        trace.set_tracer_provider(TracerProvider(sampler=sampler, shutdown_on_exit=False))
        ThreadingInstrumentor().instrument()
        self._crumbs = otel_crumbs
        self._tracer = trace.get_tracer("comparison")
        self._server = trace.SpanKind.SERVER
        self._events = CapturedEvents()
        otel_crumbs.install(exporter="otlp" if receiver else self._events)

    @contextmanager
    def request(self, name: str) -> Iterator[Any]:
        """Open the span of a request."""
        with self._tracer.start_as_current_span(name, kind=self._server) as span:
            yield span

    def operation(self, name: str) -> AbstractContextManager[Any]:
        """Open a unit of work by hand."""
        opened: AbstractContextManager[Any] = self._crumbs.operation(name)
        return opened

    def query(self, statement: str) -> AbstractContextManager[Any]:
        """Open the span of a statement."""
        attributes = {"db.system": "sqlite", "db.statement": statement}
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span("SELECT", attributes=attributes)
        return span

    def note(self, message: str) -> None:
        """Leave a breadcrumb by hand."""
        self._crumbs.record(message)

    def capture(self, error: BaseException) -> None:
        """Report an exception."""
        self._crumbs.capture_exception(error)

    def seen(self) -> list[Seen]:
        """Return the events so far."""
        return [
            Seen(error=event.exceptions[0].message, breadcrumbs=[one.as_dict() for one in event.breadcrumbs])
            for event in self._events
        ]

    def flush(self) -> None:
        """Wait for delivery."""
        self._crumbs.flush(10)


class SentrySdk:
    """sentry-sdk with its default integrations, and the one for asyncio that it has for tasks."""

    name = "sentry-sdk"

    def start(self, *, sampled: bool = True, receiver: str | None = None, integrations: Sequence[str] = ()) -> None:
        """Start the SDK."""
        import sentry_sdk
        from sentry_sdk.integrations.asyncio import AsyncioIntegration
        from sentry_sdk.transport import Transport

        events = self._events = []

        class Memory(Transport):
            def capture_envelope(self, envelope: Any) -> None:
                event = envelope.get_event()
                if event is not None:
                    events.append(event)

        self._sdk = sentry_sdk
        sentry_sdk.init(
            dsn=receiver or "http://key@127.0.0.1:9/1",
            traces_sample_rate=1.0 if sampled else 0.0,
            integrations=[AsyncioIntegration(), *map(_make_integration, integrations)],
            transport=None if receiver else Memory,
        )

    @contextmanager
    def request(self, name: str) -> Iterator[Any]:
        """Open a scope and a transaction, as its WSGI and ASGI integrations do."""
        with self._sdk.isolation_scope() as scope:
            scope.clear_breadcrumbs()
            with self._sdk.start_transaction(op="http.server", name=name):
                yield scope

    def operation(self, name: str) -> AbstractContextManager[Any]:
        """Open one as a request, for that is all that is done by hand, too."""
        return self.request(name)

    def query(self, statement: str) -> AbstractContextManager[Any]:
        """Open the span of a statement."""
        span: AbstractContextManager[Any] = self._sdk.start_span(op="db", name=statement)
        return span

    def note(self, message: str) -> None:
        """Leave a breadcrumb by hand."""
        self._sdk.add_breadcrumb(message=message)

    def capture(self, error: BaseException) -> None:
        """Report an exception."""
        self._sdk.capture_exception(error)

    def seen(self) -> list[Seen]:
        """Return the events so far."""
        return [
            Seen(
                error=event["exception"]["values"][-1]["value"],
                breadcrumbs=(event.get("breadcrumbs") or {}).get("values") or [],
            )
            for event in self._events
            if "exception" in event
        ]

    def flush(self) -> None:
        """Wait for delivery."""
        self._sdk.flush(10)


def _make_integration(name: str) -> Any:
    module, _, kind = name.rpartition(".")
    return getattr(importlib.import_module(f"sentry_sdk.integrations.{module}"), kind)()


LIBRARIES: dict[str, type[Library]] = {library.name: library for library in (OtelCrumbs, SentrySdk)}
