"""Set the OpenTelemetry SDK up after us, with a resource that only this code knows."""

# ruff: noqa: T201 - what it prints is its output

from __future__ import annotations

import json
import os

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs

# Made before there is an SDK, as libraries do.
tracer = trace.get_tracer("library")


def main() -> None:
    """Fail in a span whose tracer is older than the SDK."""
    otel_crumbs.install()
    resource = Resource.create({"service.name": os.environ["SERVICE_IN_CODE"], "shop.region": "north"})
    trace.set_tracer_provider(TracerProvider(resource=resource))
    with tracer.start_as_current_span("checkout"):
        with tracer.start_as_current_span("price", attributes={"total": 42}):
            pass
        otel_crumbs.capture_exception(ValueError("cannot pay"))
    print(json.dumps({"flushed": otel_crumbs.flush(10)}))


if __name__ == "__main__":
    main()
