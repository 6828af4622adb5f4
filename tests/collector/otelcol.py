"""A real OpenTelemetry Collector for as long as a test needs it."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.loopback import free_ports, is_well

from .received import JsonLines, Received, decode_logs, decode_spans

SECONDS_TO_START = 20
SECONDS_TO_STOP = 10
SECONDS_TO_ARRIVE = 30
SECONDS_BETWEEN_LOOKS = 0.02

# A port that was free may be taken by the time the Collector wants it.
ATTEMPTS_TO_START = 3


class Collector:
    """A running Collector that writes what it gets into a folder."""

    def __init__(self, binary: Path, folder: Path, *, token: str | None = None) -> None:
        self._binary = binary
        self._folder = folder
        self._token = token
        self._process: subprocess.Popen[bytes] | None = None
        self._log_lines = JsonLines(folder / "logs.jsonl")
        self._span_lines = JsonLines(folder / "traces.jsonl")
        self._received = Received()
        self.grpc_port = self.http_port = self._health_port = 0

    @property
    def http(self) -> str:
        """The endpoint for OTLP over HTTP."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def grpc(self) -> str:
        """The endpoint for OTLP over gRPC."""
        return f"http://127.0.0.1:{self.grpc_port}"

    def endpoint(self, protocol: str) -> str:
        """Return the endpoint for what `OTEL_EXPORTER_OTLP_PROTOCOL` would be."""
        return self.grpc if protocol == "grpc" else self.http

    @property
    def output(self) -> str:
        """What the Collector says about itself."""
        return (self._folder / "otelcol.log").read_text(encoding="utf-8")

    def start(self) -> None:
        """Start on free ports and return when the health check says yes."""
        for _ in range(ATTEMPTS_TO_START):
            if self._is_up_on_new_ports():
                return
        raise RuntimeError(f"the Collector did not start; it says:\n{self.output}")

    def start_again(self) -> None:
        """Start where it was before; what it wrote is kept."""
        if not self._is_up():
            raise RuntimeError(f"the Collector did not start again; it says:\n{self.output}")

    def kill(self) -> None:
        """Let the process die as it stands."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """Stop the process, which writes what it still has."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def received(self, service: str) -> Received:
        """
        Return all that this service has sent by now, and wait for what is still inside.

        Whatever was accepted before a marker of ours is written before that marker.
        """
        marker = f"marker-{uuid4().hex}"
        self._send_marker(marker)
        self.wait_until(marker, lambda got: bool(got.logs and got.spans))
        return self._received.of(service)

    def wait_for_events(self, service: str, count: int = 1) -> Received:
        """Wait until this service has sent so many error events, and return all that it has sent."""
        return self.wait_until(service, lambda got: len(got.events) >= count)

    def wait_until(self, service: str, enough: Callable[[Received], bool]) -> Received:
        """Wait until what this service has sent is enough, and return it."""
        deadline = time.monotonic() + SECONDS_TO_ARRIVE
        while not enough(got := self._look(service)):
            if time.monotonic() > deadline:
                raise AssertionError(f"not enough from {service} within {SECONDS_TO_ARRIVE} s: {got}")
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return got

    def _look(self, service: str) -> Received:
        for document in self._log_lines.read_new():
            self._received.logs.extend(decode_logs(document))
        for document in self._span_lines.read_new():
            self._received.spans.extend(decode_spans(document))
        return self._received.of(service)

    def _is_up_on_new_ports(self) -> bool:
        self.grpc_port, self.http_port, self._health_port = free_ports(3)
        return self._is_up()

    def _is_up(self) -> bool:
        configuration = self._folder / "collector.json"
        configuration.write_text(json.dumps(self._configuration()), encoding="utf-8")
        with (self._folder / "otelcol.log").open("wb") as output:
            command = [str(self._binary), "--config", str(configuration)]
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + SECONDS_TO_START
        while self._process.poll() is None and time.monotonic() < deadline:
            if is_well(f"http://127.0.0.1:{self._health_port}/"):
                return True
            time.sleep(SECONDS_BETWEEN_LOOKS)
        self.stop()
        return False

    def _configuration(self) -> Mapping[str, Any]:
        """Return the configuration; JSON is YAML too."""
        auth = {"auth": {"authenticator": "bearertokenauth"}} if self._token else {}
        protocols = {
            "grpc": {"endpoint": f"127.0.0.1:{self.grpc_port}", **auth},
            "http": {"endpoint": f"127.0.0.1:{self.http_port}", **auth},
        }
        extensions: dict[str, Any] = {"health_check": {"endpoint": f"127.0.0.1:{self._health_port}"}}
        if self._token:
            extensions["bearertokenauth"] = {"token": self._token}
        return {
            "receivers": {"otlp": {"protocols": protocols}},
            "processors": {"batch": {"timeout": "20ms"}},
            "exporters": {
                "file/logs": {"path": str(self._folder / "logs.jsonl"), "append": True, "flush_interval": "20ms"},
                "file/traces": {"path": str(self._folder / "traces.jsonl"), "append": True, "flush_interval": "20ms"},
            },
            "extensions": extensions,
            "service": {
                "extensions": list(extensions),
                "pipelines": {
                    signal: {"receivers": ["otlp"], "processors": ["batch"], "exporters": [f"file/{signal}"]}
                    for signal in ("logs", "traces")
                },
                "telemetry": {"metrics": {"level": "none"}},
            },
        }

    def _send_marker(self, service: str) -> None:
        attribute = {"key": "service.name", "value": {"stringValue": service}}
        resource = {"attributes": [attribute]}
        record = {"timeUnixNano": "1", "body": {"stringValue": "marker"}}
        span = {"traceId": "1" * 32, "spanId": "1" * 16, "name": "marker"}
        span |= {"startTimeUnixNano": "1", "endTimeUnixNano": "2"}
        logs = {"resource": resource, "scopeLogs": [{"logRecords": [record]}]}
        spans = {"resource": resource, "scopeSpans": [{"spans": [span]}]}
        self._post("/v1/logs", {"resourceLogs": [logs]})
        self._post("/v1/traces", {"resourceSpans": [spans]})

    def _post(self, path: str, document: Mapping[str, Any]) -> None:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self.http + path, json.dumps(document).encode(), headers)
        with urllib.request.urlopen(request, timeout=SECONDS_TO_ARRIVE):
            pass
