"""Start applications the way their users do, and let nothing of the test run's environment in."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.collector.otelcol import Collector, free_ports
from tests.collector.received import Received
from tests.collector.running import clean_environment

SCRIPTS = Path(__file__).parent / "scripts"
SITE = Path(__file__).parent / "site"
PROGRAMS = Path(sys.executable).parent

SECONDS_TO_RUN = 90
SECONDS_TO_START = 30
SECONDS_TO_STOP = 45
SECONDS_TO_ANSWER = 60
SECONDS_BETWEEN_LOOKS = 0.02

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


class Website:
    """A web server in a process of its own, with the Django project of these tests in it."""

    def __init__(self, kind: str, *, folder: Path, environment: dict[str, str]) -> None:
        port = free_port()
        self._command = [*instrumented(), *server_command(kind, port)]
        # Gunicorn quits at once on SIGINT, in the middle of a request and sometimes never:
        # its handler waits for a lock that the interrupted code may hold.
        self._stop_signal = signal.SIGINT if kind == "runserver" else signal.SIGTERM
        self._log = folder / f"website-{port}.log"
        self._environment = environment
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """What the server wrote to its terminal."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start the server and return when it listens."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=SITE,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                # With its workers, if there is no other way to stop it.
                start_new_session=True,
            )
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the website did not start; it says:\n{self.output}")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_ANSWER)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop the server in good order, and wait until it has sent what it still has."""
        if self._process is None:
            return
        try:
            self._ask_to_stop(self._process)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise
        finally:
            self._process = None

    def _ask_to_stop(self, process: subprocess.Popen[bytes]) -> None:
        """Ask, and ask once more: an interrupt that comes up in a finaliser is lost, as Python documents."""
        if process.poll() is None:
            process.send_signal(self._stop_signal)
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.send_signal(self._stop_signal)
            process.wait(SECONDS_TO_STOP)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


def without_addresses(output: bytes) -> bytes:
    """Return what was printed without places in memory."""
    return re.sub(rb"0x[0-9a-f]+", b"0x", output)


StartWebsite = Callable[..., Website]


def without_our_words(finished: Finished) -> tuple[int, bytes, bytes]:
    """Return what somebody before the terminal sees, without the lines in which we speak for ourselves."""
    code, stdout, stderr = finished.seen
    # Not always whole lines: a traceback is written in pieces, and our worker may speak between two of them.
    return code, stdout, re.sub(rb"(?:WARNING )?otel_crumbs[^\n]*\n", b"", stderr, flags=re.IGNORECASE)


def instrumented() -> list[str]:
    """Return what people write before their command."""
    return [str(PROGRAMS / "opentelemetry-instrument")]


def server_command(kind: str, port: int) -> list[str]:
    """Return the command line of a web server, as in its own documentation."""
    address = f"127.0.0.1:{port}"
    if kind == "runserver":
        return [sys.executable, "manage.py", "runserver", "--noreload", address]
    gunicorn = [str(PROGRAMS / "gunicorn"), "--bind", address, "--workers", "1"]
    options = {"gunicorn-sync": ["--worker-class", "sync"], "gunicorn-gthread": ["--threads", "200"]}
    return [*gunicorn, *options[kind], "shopfront.wsgi"]


def free_port() -> int:
    """Return a port that nobody listens on."""
    [port] = free_ports(1)
    return port
