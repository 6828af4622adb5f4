"""A fork with a full queue: every event arrives once, from the process that captured it."""

from __future__ import annotations

import gc
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import otel_crumbs
from otel_crumbs.export import DELIVERED, Delivery, Outcome
from otel_crumbs.export.spool.codec import encode_event
from otel_crumbs.export.spool.spool import Spool, SpoolLocation, find_default_base
from tests.export.events import event_of
from tests.export.receiver import Receiver, Reply, receiving

from .running import arrived, each_exactly_once, numbered, until, waiting

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SOME = 20


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver that waits for a word before it answers."""
    with receiving() as running:
        yield running


def in_child(work: Callable[[], None]) -> int:
    """Do something in a forked child, and return its exit code; nothing of the tests runs there."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - for the report of the test: the child ends here
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def capture(name: str) -> None:
    """Capture some errors."""
    for message in numbered(name, SOME):
        otel_crumbs.capture_exception(LookupError(message))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_with_a_full_queue_delivers_everything_once(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the parent waits for an answer its queue is full; the child's is empty, and both are emptied."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    gate = threading.Event()
    receiver.reply = Reply(raw=lambda connection: hold(gate, connection.sendall))
    # One mechanism only: garbage of other tests may come up in the child, and be reported there.
    installation = otel_crumbs.install(
        exporter="http", http_endpoint=receiver.url, flush_timeout=20, capture="excepthook"
    )
    capture("parent")

    def in_the_child() -> None:
        assert not installation.delivery.pending
        capture("child")
        gate_opens.close()
        assert otel_crumbs.flush(20)

    gate_opens = OpensLater(gate)
    gc.collect()
    code = in_child(in_the_child)
    gate.set()
    flushed = otel_crumbs.flush(20)

    assert (code, flushed) == (0, True)
    assert arrived(receiver) == each_exactly_once(*numbered("parent", SOME), *numbered("child", SOME))


@pytest.mark.usefixtures("app")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_delivers_what_earlier_processes_left(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server forks its workers for months after it started: the next one is a later process as any other."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    event = event_of()
    installation = otel_crumbs.install(exporter="http", http_endpoint=receiver.url, capture="excepthook")
    spool = Spool(find_default_base(), service="shop", exporter="http")
    spool.write(event, encode_event(event))

    code = in_child(lambda: until(lambda: not waiting(tmp_path)))

    assert code == 0
    assert receiver.request.document["event_id"] == event.event_id
    assert not installation.delivery.pending


class OpensLater:
    """Opens a gate of the parent's from its child: by closing a pipe that a thread of the parent listens to."""

    def __init__(self, gate: threading.Event) -> None:
        self._reads, self._writes = os.pipe()
        self._parent = os.getpid()
        self._thread = threading.Thread(target=self._listen, args=(gate,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Say that the gate is to be opened."""
        os.write(self._writes, b"x")

    def _listen(self, gate: threading.Event) -> None:
        os.read(self._reads, 1)
        gate.set()


def hold(gate: threading.Event, send: Callable[[bytes], None]) -> None:
    """Answer when the gate is open."""
    gate.wait(20)
    send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_locks_that_were_held_at_the_fork_are_free_in_the_child(tmp_path: Path) -> None:
    """A thread that held them does not exist there, and nobody else would release them."""

    class Taking:
        name = "taking"

        def export(self, event: object, timeout: float) -> Outcome:
            return DELIVERED

        def shutdown(self) -> None:
            pass

    installation = otel_crumbs.install(exporter=Taking(), spool_dir=tmp_path)
    delivery: Delivery = installation.delivery
    held, done = threading.Event(), threading.Event()

    def hold_everything() -> None:
        with delivery.workers[0]._pending.changed:
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold_everything)
    thread.start()
    held.wait(20)

    def in_the_child() -> None:
        otel_crumbs.capture_exception(LookupError("in the child"))
        assert otel_crumbs.flush(10)

    code = in_child(in_the_child)
    done.set()
    thread.join()

    assert code == 0
    assert SpoolLocation(base=tmp_path).has_any() is False
