"""Servers in threads of the test run, and ports that nobody listens on; all on the loopback interface."""

from __future__ import annotations

import socket
import socketserver
import threading
import urllib.request
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.error import HTTPError

if TYPE_CHECKING:
    from typing_extensions import Self


class LoopbackServer(socketserver.ThreadingTCPServer):
    """
    A server that runs for as long as a `with` lasts.

    Args:
        handler: Serves a connection.
        port: Where to listen; 0 means a port that is free.

    """

    daemon_threads = True
    # One that was away comes back where it was.
    allow_reuse_address = True

    def __init__(self, handler: type[socketserver.BaseRequestHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        """The port where it listens."""
        port: int = self.server_address[1]
        return port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


def is_well(url: str) -> bool:
    """Return whether a server says at its health's URL that all is well."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except HTTPError as error:
        error.close()
    except OSError:
        pass
    return False


def free_port() -> int:
    """Return a port that nobody listens on."""
    [port] = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def nobody_listens() -> str:
    """Return a URL at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"
