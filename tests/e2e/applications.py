"""Start applications the way their users do, and let nothing of the test run's environment in."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.collector.otelcol import Collector
from tests.collector.received import Received
from tests.collector.running import clean_environment
from tests.loopback import free_port

from .website import Website

SCRIPTS = Path(__file__).parent / "scripts"
SITE = Path(__file__).parent / "site"

SECONDS_TO_RUN = 90

# Our entry point is not even loaded then: the nearest thing to not having installed the package.
WITHOUT_US = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "otel_crumbs"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What a process left behind."""

    code: int
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def seen(self) -> tuple[int, bytes, bytes]:
        """What somebody before the terminal sees of it; where in memory an object lies is chance."""
        return self.code, without_addresses(self.stdout), without_addresses(self.stderr)


class Launcher:
    """Starts programs that send their telemetry to a Collector under one service's name."""

    def __init__(self, *, collector: Collector, service: str, folder: Path, partner: str) -> None:
        self._collector = collector
        self._service = service
        self._folder = folder
        self._partner = partner

    def run(self, script: str, *arguments: str, **variables: str) -> Finished:
        """Run a script under `opentelemetry-instrument` to its end."""
        started = time.monotonic()
        with self.start(script, *arguments, **variables) as process:
            try:
                stdout, stderr = process.communicate(timeout=SECONDS_TO_RUN)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Finished(code=process.returncode, stdout=stdout, stderr=stderr, seconds=time.monotonic() - started)

    def start(self, script: str, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
        """Start a script under `opentelemetry-instrument`."""
        return subprocess.Popen(
            [*instrumented(), sys.executable, script, *arguments],
            cwd=SCRIPTS,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run_without_us(self, script: str, *arguments: str, **variables: str) -> Finished:
        """Run a script the same way, but as if our package were not there."""
        others = {**variables, "OTEL_SERVICE_NAME": self.service_without_us}
        disabled = ",".join(filter(None, [variables.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"), "otel_crumbs"]))
        return self.run(script, *arguments, **{**others, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled})

    @property
    def service_without_us(self) -> str:
        """The name under which `run_without_us` sends."""
        return f"{self._service}-without-us"

    def environment(self, **variables: str) -> dict[str, str]:
        """Return what a started program finds in its environment; an empty variable is not there at all."""
        found = {
            **clean_environment(self._folder),
            "OTEL_SERVICE_NAME": self._service,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._collector.http,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            # No test fails because the machine is busy with something else.
            "OTEL_CRUMBS_FLUSH_TIMEOUT": "30",
            "PARTNER": self._partner,
            **variables,
        }
        return {name: value for name, value in found.items() if value}

    def received(self) -> Received:
        """Return all that arrived from what ran with us."""
        return self._collector.received(self._service)

    def received_without_us(self) -> Received:
        """Return all that arrived from what ran without us."""
        return self._collector.received(self.service_without_us)


def without_addresses(output: bytes) -> bytes:
    """Return what was printed without places in memory."""
    return re.sub(rb"0x[0-9a-f]+", b"0x", output)


StartWebsite = Callable[..., Website]


def shopfront(kind: str, *, folder: Path, environment: dict[str, str]) -> Website:
    """Return the Django project of these tests behind a web server."""
    port = free_port()
    return Website(
        [*instrumented(), *server_command(kind, port)],
        port=port,
        site=SITE,
        folder=folder,
        environment=environment,
        # Gunicorn quits at once on SIGINT, in the middle of a request and sometimes never:
        # its handler waits for a lock that the interrupted code may hold.
        stop_signal=signal.SIGINT if kind == "runserver" else signal.SIGTERM,
    )


def without_our_words(finished: Finished) -> tuple[int, bytes, bytes]:
    """Return what somebody before the terminal sees, without the lines in which we speak for ourselves."""
    code, stdout, stderr = finished.seen
    # Not always whole lines: a traceback is written in pieces, and our worker may speak between two of them.
    return code, stdout, re.sub(rb"(?:WARNING )?otel_crumbs[^\n]*\n", b"", stderr, flags=re.IGNORECASE)


def instrumented() -> list[str]:
    """Return what people write before their command."""
    return [installed_program("opentelemetry-instrument")]


def installed_program(name: str) -> str:
    """Return where a program is that a package brought."""
    return str(Path(sys.executable).with_name(name))


def server_command(kind: str, port: int) -> list[str]:
    """Return the command line of a web server, as in its own documentation."""
    address = f"127.0.0.1:{port}"
    if kind == "runserver":
        return [sys.executable, "manage.py", "runserver", "--noreload", address]
    gunicorn = [installed_program("gunicorn"), "--bind", address, "--workers", "1"]
    options = {"gunicorn-sync": ["--worker-class", "sync"], "gunicorn-gthread": ["--threads", "200"]}
    return [*gunicorn, *options[kind], "shopfront.wsgi"]
