"""A viewer that serves on a free port of loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from otel_crumbs import ErrorEvent
from otel_crumbs.view.serving import LOOPBACK, Address, open_socket, serve_store
from otel_crumbs.view.store import Store

from .events import body_of

PROTOBUF = {"Content-Type": "application/x-protobuf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the viewer."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A viewer that serves; *said* has what it printed."""

    store: Store
    address: Address
    said: list[str] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """Send a request, and return the answer; an underscore in a header's name is a hyphen."""
        connection = HTTPConnection(self.address.host, self.address.port, timeout=120)
        try:
            sent = {name.replace("_", "-"): text for name, text in headers.items()}
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            names = {name.lower(): text for name, text in response.getheaders()}
            return Answer(status=response.status, text=response.read().decode(), headers=names)
        finally:
            connection.close()

    def send(self, event: ErrorEvent) -> int:
        """Send an event as the exporter does, and return the status."""
        return self.ask("/v1/logs", "POST", body_of(event), Content_Type="application/x-protobuf").status


@contextmanager
def viewing(store: Store, token: str | None = None) -> Iterator[Viewer]:
    """Serve a store."""
    listener = open_socket(LOOPBACK, 0)
    address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=token)
    viewer = Viewer(store=store, address=address)
    with serve_store(store, address, listener, viewer.said.append):
        yield viewer


def read_news(connection: HTTPConnection) -> dict[str, object]:
    """Return the next server-sent event of a connection that asked for ``/live``."""
    response = connection.getresponse()
    while True:
        line = response.fp.readline().decode()
        if line.startswith("data: "):
            found: dict[str, object] = json.loads(line.removeprefix("data: "))
            return found
