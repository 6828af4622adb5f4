"""The viewer beside the demo: it shows the same events, and stays when the shop has closed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from otel_crumbs.view.addresses import PROTOBUF
from otel_crumbs.view.body import RefusedError
from otel_crumbs.view.command import OTLP_PORT
from otel_crumbs.view.receiving import receive
from otel_crumbs.view.run import say, watch_signals
from otel_crumbs.view.run import wait_for_end as wait_for_signal
from otel_crumbs.view.serving import LOOPBACK, Address, AddressError, open_socket, serve_store
from otel_crumbs.view.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarder:
    """Puts requests of the shop into the viewer's store; *page* is where they are seen."""

    store: Store
    page: str
    announce: Callable[[], None]

    def __call__(self, path: str, body: bytes) -> None:
        """Take one request of the shop."""
        try:
            if receive(self.store, path, body, content_type=PROTOBUF):
                self.announce()
        except RefusedError as refused:
            say(f"otel-crumbs: {refused.reason}")


@contextmanager
def run_viewer() -> Iterator[Forwarder]:
    """Run a viewer in memory, on its usual port or else a free one."""
    try:
        listener = open_socket(LOOPBACK, OTLP_PORT)
    except AddressError:
        listener = open_socket(LOOPBACK, 0)
    address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=None)
    with Store() as store, serve_store(store, address, listener, say) as serving:
        say(f"look at {address.page}\n")
        yield Forwarder(store=store, page=address.page, announce=serving.announce)


def wait_for_end(page: str) -> int:
    """Wait until the viewer is interrupted."""
    sys.stdout.flush()
    say(f"the events are at {page}")
    return wait_for_signal(watch_signals())
