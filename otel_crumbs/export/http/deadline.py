"""
Requests that end at a deadline, however slowly the receiver takes them and responds.

The `timeouts of requests
<https://requests.readthedocs.io/en/latest/user/advanced/#timeouts>`_ are for each
step: a receiver that sends or takes a byte now and then would hold up its
exporter without end. So the connections here give each step no more than the
time that is left. That needs no thread, and urllib3 closes a connection that was
interrupted, as after any other failure.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from time import monotonic
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

# A time of `time.monotonic`. By default it has passed, so that no request is made outside of `limit_requests`. It is a
# context variable because each exporter sends in a thread of its own.
_deadline: ContextVar[float] = ContextVar("otel_crumbs_deadline", default=0.0)


@contextmanager
def limit_requests(deadline: float) -> Iterator[None]:
    """End the requests in this block at a time of `time.monotonic`."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def _limit_step(sock: socket.socket) -> None:
    """Limit the next step of a socket to the time that is left."""
    left = _deadline.get() - monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    sock.settimeout(left)


class _RawResponse(io.RawIOBase):
    """The bytes of a response, each read before the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int | None:
        _limit_step(self._sock)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """A response of which all bytes are read before the deadline, those of the headers too."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_RawResponse(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    """A connection whose requests are sent, and responses read, before the deadline."""

    response_class = _Response

    def send(self, data: Any) -> None:
        if self.sock is not None:
            # The timeout of a socket is for all bytes of one sendall(), with and without TLS.
            _limit_step(self.sock)
        super().send(data)


class _SafeConnection(_Connection, HTTPSConnection):
    """A connection with TLS and a deadline."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


_POOLS: Mapping[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _SafePool}


class DeadlineAdapter(HTTPAdapter):
    """Sends the requests of a session before the deadline, also by a proxy unless it speaks SOCKS."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the connections to receivers."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the manager of the connections to a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager
