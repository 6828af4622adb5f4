"""Tests of forks with a full queue: every event arrives once, from the process that captured it."""

from __future__ import annotations

import gc
import os
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

import otel_crumbs
from otel_crumbs.export import DELIVERED, Outcome
from otel_crumbs.export.exporter import find_destination
from otel_crumbs.export.spool.codec import encode_events
from otel_crumbs.export.spool.location import SpoolLocation, find_default_base
from otel_crumbs.export.spool.spool import Spool
from otel_crumbs.export.spool.spool_file import mark_destination, name_file
from tests.export.events import event_of
from tests.export.receiver import Receiver, Reply

from .running import arrived, each_exactly_once, numbered, until, waiting

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SOME = 20


def run_in_child(work: Callable[[], None]) -> int:
    """Do some work in a forked child, and return its exit code; the child ends without running other tests."""
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
def test_a_fork_with_a_full_queue_delivers_each_event_once(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent's queue is full while it waits for a response, and the child's is empty."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    gate = threading.Event()
    receiver.reply = Reply(raw=lambda connection: respond_later(gate, connection.sendall))
    # One mechanism only: garbage of other tests may come up in the child, and be reported there.
    installation = otel_crumbs.install(
        exporter="http", http_endpoint=receiver.url, flush_timeout=20, capture="excepthook"
    )
    capture("parent")

    def in_the_child() -> None:
        assert not installation.delivery.pending
        capture("child")
        parents_gate.open()
        assert otel_crumbs.flush(20)

    parents_gate = GateOfParent(gate)
    gc.collect()
    code = run_in_child(in_the_child)
    gate.set()
    flushed = otel_crumbs.flush(20)

    assert (code, flushed) == (0, True)
    assert arrived(receiver) == each_exactly_once(*numbered("parent", SOME), *numbered("child", SOME))


@pytest.mark.usefixtures("app")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_delivers_events_of_earlier_processes(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server forks workers for months, and each is a later process of the service."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    event = event_of()
    installation = otel_crumbs.install(exporter="http", http_endpoint=receiver.url, capture="excepthook")
    base = find_default_base()
    assert base is not None
    destination = mark_destination(find_destination(installation.delivery.workers[0].exporter))
    spool = Spool(base, service="shop", exporter="http")
    spool.write(name_file([event], destination), encode_events([event]))

    code = run_in_child(lambda: until(lambda: not waiting(tmp_path)))

    assert code == 0
    assert receiver.request.document["event_id"] == event.event_id
    assert not installation.delivery.pending


class GateOfParent:
    """A gate of the parent that its child opens, by a pipe that a thread of the parent reads."""

    def __init__(self, gate: threading.Event) -> None:
        self._reads, self._writes = os.pipe()
        self._parent = os.getpid()
        self._thread = threading.Thread(target=self._listen, args=(gate,), daemon=True)
        self._thread.start()

    def open(self) -> None:
        """Open the gate of the parent."""
        os.write(self._writes, b"x")

    def _listen(self, gate: threading.Event) -> None:
        os.read(self._reads, 1)
        gate.set()


def respond_later(gate: threading.Event, send: Callable[[bytes], None]) -> None:
    """Respond when the gate is open."""
    gate.wait(20)
    send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_does_not_wait_for_the_threads_of_its_parent(tmp_path: Path) -> None:
    """The worker's thread was sending when the process was forked, and does not exist in the child."""
    parent, began, done = os.getpid(), threading.Event(), threading.Event()

    class Taking:
        name = "taking"

        def export(self, event: object, timeout: float) -> Outcome:
            if os.getpid() == parent:
                began.set()
                done.wait(20)
            return DELIVERED

        def shutdown(self) -> None:
            pass

    otel_crumbs.install(exporter=Taking(), spool_dir=tmp_path)
    otel_crumbs.capture_exception(LookupError("in the parent"))
    assert began.wait(20)

    def in_the_child() -> None:
        otel_crumbs.capture_exception(LookupError("in the child"))
        assert otel_crumbs.flush(10)

    code = run_in_child(in_the_child)
    done.set()
    acknowledged = otel_crumbs.flush(20)

    assert (code, acknowledged) == (0, True)
    assert SpoolLocation(base=tmp_path).has_any() is False
