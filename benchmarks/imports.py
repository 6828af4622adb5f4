"""
What `import otel_crumbs` adds to a process that has OpenTelemetry's SDK, in ms, and what it brings in.

    python benchmarks/imports.py
    python benchmarks/imports.py asyncio    where that is imported already
"""

from __future__ import annotations

import importlib
import json
import sys
from time import process_time

import opentelemetry.sdk._logs
import opentelemetry.sdk.resources
import opentelemetry.sdk.trace  # noqa: F401 - the ground on which it stands

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
    for name in sys.argv[1:]:
        importlib.import_module(name)
    before = set(sys.modules)
    began = process_time()
    import otel_crumbs  # noqa: F401 - that is what is measured

    took = process_time() - began
    brought = {name.partition(".")[0] for name in set(sys.modules) - before}
    print(json.dumps({"ms": took * 1000, "optional": sorted(brought.intersection(OPTIONAL))}))


if __name__ == "__main__":
    main()
