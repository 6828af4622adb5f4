"""
What `import otel_crumbs` and `install()` add to a process that has OpenTelemetry's SDK, in ms, and what they bring in.

    python benchmarks/imports.py
    python benchmarks/imports.py asyncio    where that is imported already
"""

from __future__ import annotations

import importlib
import json
import sys
from time import process_time

# The ground on which it stands.
SDK = ("opentelemetry.sdk._logs", "opentelemetry.sdk.resources", "opentelemetry.sdk.trace")
OPTIONAL = (
    "aiohttp",
    "celery",
    "django",
    "flask",
    "google",
    "grpc",
    "requests",
    "rich",
    "sentry_sdk",
    "urllib3",
    "yaml",
)


def main() -> None:
    """Import it once, with the clock running."""
    sdk = seconds_to_import(*SDK)
    seconds_to_import(*sys.argv[1:])
    before = set(sys.modules)
    took = seconds_to_import("otel_crumbs")
    installing = seconds_to_install()
    brought = {name.partition(".")[0] for name in set(sys.modules) - before}
    optional = sorted(brought.intersection(OPTIONAL))
    found = {"ms": took * 1000, "install_ms": installing * 1000, "sdk_ms": sdk * 1000, "optional": optional}
    print(json.dumps(found))


def seconds_to_import(*names: str) -> float:
    """Import modules; return the processor time of it."""
    began = process_time()
    for name in names:
        importlib.import_module(name)
    return process_time() - began


def seconds_to_install() -> float:
    """Install beside a provider, with the settings that there are; return the processor time of it."""
    trace = importlib.import_module("opentelemetry.trace")
    trace.set_tracer_provider(importlib.import_module("opentelemetry.sdk.trace").TracerProvider())
    began = process_time()
    importlib.import_module("otel_crumbs").install()
    return process_time() - began


if __name__ == "__main__":
    main()
