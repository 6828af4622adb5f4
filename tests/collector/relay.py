"""A TCP relay that remembers what went through it, whatever the protocol."""

from __future__ import annotations

import socket
import socketserver
import threading

from tests.loopback import LoopbackServer

CHUNK = 65536


class Relay(LoopbackServer):
    """Listens on a free port and passes everything on to a port of the loopback interface."""

    def __init__(self, target: int) -> None:
        super().__init__(_Connection)
        self.target = target
        self.sent = bytearray()


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
