"""The Collector as docker-compose.yml configures it, on free ports of this machine."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.loopback import free_ports, is_well

DEPLOY = Path(__file__).parents[2] / "deploy"
SECONDS_TO_START = 30
SECONDS_BETWEEN_LOOKS = 0.02


class DeployedCollector:
    """
    A Collector with the project's own configuration, which may be killed and started again.

    Args:
        binary: The Collector.
        folder: Where its queue is kept, and what it says.
        variables: What the configuration takes from the environment.

    """

    def __init__(self, binary: Path, folder: Path, variables: Mapping[str, str]) -> None:
        self._binary = binary
        self._folder = folder
        self._environment = {**os.environ, **variables, "COLLECTOR_STORAGE": str(folder / "queue")}
        self._grpc, self.port, self._health = free_ports(3)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where it takes OTLP over HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, or start it again where it was, and return when it is well."""
        protocols = "receivers.otlp.protocols"
        command = [
            str(self._binary),
            f"--config={DEPLOY / 'collector.yaml'}",
            f"--set={protocols}.grpc.endpoint=127.0.0.1:{self._grpc}",
            f"--set={protocols}.http.endpoint=127.0.0.1:{self.port}",
            f"--set=extensions.health_check.endpoint=127.0.0.1:{self._health}",
        ]
        with (self._folder / "collector.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + SECONDS_TO_START
        while not is_well(f"http://127.0.0.1:{self._health}/"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError((self._folder / "collector.log").read_text("utf-8"))
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def kill(self) -> None:
        """Let it die as it stands."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
