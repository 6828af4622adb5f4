"""A program that is started under `opentelemetry-instrument`, and sends to the viewer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from .serving import Address

# What the console script `opentelemetry-instrument` runs; it need not be on the PATH.
_INSTRUMENT = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
_PYTHON_NAMES = ("python", "python3")


def run_program(command: Sequence[str], address: Address) -> int:
    """Run a program until it ends, and return its exit code; its events are there when it has ended."""
    arguments = [sys.executable, "-c", _INSTRUMENT, *find_interpreter(command)]
    try:
        process = subprocess.Popen(arguments, env=make_environment(os.environ, address))  # noqa: S603 - asked for
    except OSError as error:
        sys.stderr.write(f"otel-crumbs: cannot start {command[0]}: {error.strerror}\n")
        return 127
    # Ctrl+C reaches the program by itself; the viewer waits for what it sends at its end.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def find_interpreter(command: Sequence[str]) -> list[str]:
    """Return a command in which ``python`` is the Python that has otel-crumbs, as in the shell of its environment."""
    name, *rest = command
    return [sys.executable if name in _PYTHON_NAMES else name, *rest]


def make_environment(environment: Mapping[str, str], address: Address) -> dict[str, str]:
    """Return the variables that make a program send everything to the viewer."""
    ours = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": address.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_METRICS_EXPORTER": "none",
        "NO_PROXY": address.reached,
        "no_proxy": address.reached,
    }
    if address.token:
        ours["OTEL_EXPORTER_OTLP_HEADERS"] = f"Authorization=Bearer%20{address.token}"
    names = {"OTEL_SERVICE_NAME": environment.get("OTEL_SERVICE_NAME", "program")}
    return {**environment, **ours, **names}
