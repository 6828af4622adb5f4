"""
The viewer's server: a socket, uvicorn, and the store behind it.

The socket is open before the server is imported: who asks early waits and is answered.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .store import Store
from .store_error import StoreError

if TYPE_CHECKING:
    import uvicorn

    from .application import Application

LOOPBACK = "127.0.0.1"
_LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1", "localhost"})
_LOOPBACK_OF_ALL = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - asked for by the user
# Seconds that open pages have when the viewer ends: they come back by themselves.
_PATIENCE = 1
_CONNECTIONS = 200
# The store is pruned so many times in the time for which it keeps events, and each so many seconds.
_PRUNINGS, _MOST_BETWEEN, _LEAST_BETWEEN = 10, 600.0, 1.0


class AddressError(Exception):
    """Nothing can listen there; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place where the viewer listens, and the secret that one needs there."""

    host: str
    port: int
    token: str | None

    @property
    def bracketed(self) -> str:
        """The host as it stands before a port."""
        return _add_brackets(self.host)

    @property
    def reached(self) -> str:
        """The host by which this machine reaches it: an address that means all of them is none to connect to."""
        return _LOOPBACK_OF_ALL.get(self.host, self.host)

    @property
    def url(self) -> str:
        """For senders."""
        return f"http://{_add_brackets(self.reached)}:{self.port}"

    @property
    def dsn(self) -> str:
        """For clients of Sentry: any key where no token is needed, any number as the project."""
        return f"http://{self.token or 'view'}@{_add_brackets(self.reached)}:{self.port}/1"

    @property
    def page(self) -> str:
        """For browsers: it lets in."""
        return f"{self.url}/" if self.token is None else f"{self.url}/?token={self.token}"


def _add_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def make_token(host: str, given: str | None = None) -> str | None:
    """Return the secret that an address needs: none on loopback unless one is given."""
    return given or (None if host in _LOOPBACK_ADDRESSES else secrets.token_urlsafe(24))


def open_socket(host: str, port: int) -> socket.socket:
    """
    Return a socket that listens.

    Raises:
        AddressError: If none can.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise AddressError(
            f"cannot listen on {host}:{port} ({words}): end what listens there, or name another --port; "
            "--port 0 takes a free one"
        ) from error


def make_server(application: Application) -> uvicorn.Server:
    """Return a server for an application; it prints nothing."""
    import uvicorn  # noqa: PLC0415 - a port in use is said at once

    config = uvicorn.Config(
        application.asgi,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_PATIENCE,
    )
    return uvicorn.Server(config)


async def _serve_and_prune(
    server: uvicorn.Server, listener: socket.socket, store: Store, say: Callable[[str], None]
) -> None:
    pruning = asyncio.ensure_future(_prune_again_and_again(store, say))
    try:
        await server.serve(sockets=[listener])
    finally:
        pruning.cancel()


async def _prune_again_and_again(store: Store, say: Callable[[str], None]) -> None:
    """Remove what becomes too old, also where nothing new comes."""
    pause = min(max(store.max_age / _PRUNINGS, _LEAST_BETWEEN), _MOST_BETWEEN)
    while True:
        await asyncio.sleep(pause)
        try:
            await asyncio.to_thread(store.prune)
        except StoreError as error:
            say(str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that runs in a thread of its own."""

    application: Application
    loop: asyncio.AbstractEventLoop

    def announce(self) -> None:
        """Tell open pages of new events, from any thread."""
        self.loop.call_soon_threadsafe(self.application.live.announce)

    def wait_for_page(self, seconds: float) -> bool:
        """Wait until a page was shown, but not longer than that, and return whether one was."""
        return self.application.shown.wait(seconds)


@contextmanager
def serve_store(
    store: Store, address: Address, listener: socket.socket, say: Callable[[str], None]
) -> Iterator[Serving]:
    """Serve in a thread as long as the body runs."""
    from .application import Application  # noqa: PLC0415 - a port in use is said at once

    application = Application(store, token=address.token, on_failure=say)
    server = make_server(application)
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(_serve_and_prune(server, listener, store, say))
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    thread = threading.Thread(target=run, name="otel-crumbs view", daemon=True)
    thread.start()
    try:
        yield Serving(application=application, loop=loop)
    finally:
        # Pages that wait for news would be cut off, which uvicorn prints.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(application.live.close)
        server.should_exit = True
        thread.join(_PATIENCE * 5)
        listener.close()
