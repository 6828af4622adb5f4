"""A real HTTP server on the loopback interface, whose responses a test sets."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import LoopbackServer

_DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A response of the server."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    # Called with the socket instead of a response.
    raw: Callable[[socket.socket], None] | None = None


def dripping(start: bytes, drop: bytes = b".") -> Callable[[socket.socket], None]:
    """Return a raw reply that begins like this, and goes on drop by drop for much longer than anybody waits."""

    def drip(connection: socket.socket) -> None:
        try:
            connection.sendall(start)
            for _ in range(900):
                connection.sendall(drop)
                time.sleep(0.05)
        except OSError:
            pass

    return drip


# A body of which each byte comes in time, and headers that have no end.
DRIPPING_BODY = dripping(b"HTTP/1.1 503 Busy\r\nContent-Length: 900\r\n\r\n")
DRIPPING_HEADERS = dripping(b"HTTP/1.1 200 OK\r\nX-Patience: ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request that the server received."""

    path: str
    headers: Mapping[str, str]
    sent: bytes
    # The port of the client, which is another one for each connection.
    port: int

    @property
    def body(self) -> bytes:
        """The body, decompressed."""
        return _DECOMPRESS.get(self.headers.get("Content-Encoding", ""), bytes)(self.sent)

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def envelope(self) -> tuple[Any, Any, Any]:
        """The body as a Sentry envelope of one item: its header, the item's header, the item."""
        header, _, rest = self.body.partition(b"\n")
        item_header, _, rest = rest.partition(b"\n")
        length = json.loads(item_header)["length"]
        assert rest[length:] == b"\n"
        return json.loads(header), json.loads(item_header), json.loads(rest[:length])


class Receiver:
    """The requests that the server received, and the reply that it gives to each."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.reply = Reply()
        self.requests: list[Request] = []

    @property
    def request(self) -> Request:
        """The only request."""
        [only] = self.requests
        return only


@contextmanager
def receiving(tls: ssl.SSLContext | None = None, *, port: int = 0) -> Iterator[Receiver]:
    """Run a receiver, on a port that was free or on a certain one."""
    server = LoopbackServer(_Handler, port)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    receiver = Receiver(server.url.replace("http:", "https:") if tls else server.url)
    server.receiver = receiver  # type: ignore[attr-defined]  # the handler looks for it there
    with server:
        yield receiver


class _Handler(BaseHTTPRequestHandler):
    """Takes POSTs."""

    server: Any
    # HTTP/1.1 keeps connections, as real receivers do.
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm the last packet of a response would wait for an acknowledgement.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Remember the request, and respond."""
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.receiver.requests.append(
            Request(path=self.path, headers=self.headers, sent=sent, port=self.client_address[1])
        )
        reply = self.server.receiver.reply
        if reply.raw is not None:
            reply.raw(self.connection)
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
