"""A TCP relay that remembers what went through it, whatever the protocol."""

from __future__ import annotations

import socket
import socketserver
import threading
from types import TracebackType

CHUNK = 65536


class Relay(socketserver.ThreadingTCPServer):
    """Listens on a free port and passes everything on to a port of the loopback interface."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target: int) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.target = target
        self.sent = bytearray()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def endpoint(self) -> str:
        """Where to send to."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Relay:
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


class _Connection(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.target)) as target:
            back = threading.Thread(target=_pump, args=(target, self.request), daemon=True)
            back.start()
            _pump(self.request, target, self.server.sent)
            back.join()


def _pump(source: socket.socket, target: socket.socket, memory: bytearray | None = None) -> None:
    """Pass bytes on until the source has no more."""
    try:
        while chunk := source.recv(CHUNK):
            if memory is not None:
                memory += chunk
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # One side hung up; the other one sees that on its own.
        return
