"""An application that somebody else wrote: what to install, how to start it, and how it is made to fail."""

from __future__ import annotations

import dataclasses
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HTTP_ERROR = 500
# A first start compiles all that was installed.
START_SECONDS, PAUSE_SECONDS, ANSWER_SECONDS = 120.0, 0.2, 60.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """Where an application runs: a folder of its own with its environment, a free port, and what is in the way."""

    folder: Path
    programs: Path
    port: int
    environ: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def program(self, name: str) -> str:
        """Return the path of a command of its environment."""
        return str(self.programs / name)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Application:
    """
    One application.

    Attributes:
        name: As its distribution is called.
        packages: What `uv pip install` is given, beside OpenTelemetry and otel-crumbs.
        fault: A sentence for the page: what is broken, and what is asked for then.
        prepare: Makes what the application needs before it starts.
        command: What `opentelemetry-instrument` starts.
        settings: Environment variables that it is started with.
        healthy: A path that answers once it has started.
        provoke: Breaks something and makes the request that fails; returns the status of its answer.
        story: Words that the trail must have, in this order.
        known: What is not as it should be, in words for the page; empty where all is.

    """

    name: str
    packages: Sequence[str]
    fault: str
    command: Callable[[Place], Sequence[str]]
    provoke: Callable[[Place], int]
    story: Sequence[str]
    prepare: Callable[[Place], None] = lambda place: None
    settings: Callable[[Place], Mapping[str, str]] = lambda place: {}
    healthy: str = "/"
    known: str = ""


def ask(
    url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None, method: str | None = None
) -> int:
    """Make a request, and return the status of the answer."""
    return read(url, data, headers, method)[0]


def read(
    url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None, method: str | None = None
) -> tuple[int, bytes]:
    """Make a request, and return status and body of the answer."""
    request = urllib.request.Request(url, data, dict(headers or {}), method=method)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def wait_until_healthy(url: str, has_ended: Callable[[], bool]) -> None:
    """
    Wait until an application answers.

    Raises:
        RuntimeError: It ended, or does not answer in time.

    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if has_ended():
            raise RuntimeError("it ended before it answered")
        try:
            if ask(url) < HTTP_ERROR:
                return
        except OSError:
            pass
        time.sleep(PAUSE_SECONDS)
    raise RuntimeError(f"{url} does not answer after {START_SECONDS:g} s")
