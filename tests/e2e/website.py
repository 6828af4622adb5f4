"""A web server in a process of its own, as long as a test needs it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

SECONDS_TO_START = 30
SECONDS_TO_STOP = 45
SECONDS_TO_ANSWER = 60
SECONDS_BETWEEN_LOOKS = 0.02


class Website:
    """
    A web server in a process of its own.

    Args:
        command: How to start it.
        port: Where it will listen.
        site: The folder to start it in.
        folder: Where what it says is written to.
        environment: All that it finds in its environment.
        stop_signal: What ends it in good order.

    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        site: Path,
        folder: Path,
        environment: dict[str, str],
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._command = command
        self._site = site
        self._stop_signal = stop_signal
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
                cwd=self._site,
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
