"""Tests of `otel_crumbs.export.delivery.worker_thread`: the thread runs while there is work, and only then."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable

import pytest

from otel_crumbs.export import Delivery, Outcome, Verdict
from tests.delivery.running import until

from .exporters import PATIENCE, ScriptedExporter, captured_error

SECONDS_FOR_ANOTHER = 0.5


def test_the_thread_starts_with_the_first_event(deliver: Callable[..., Delivery]) -> None:
    """A process without errors has no worker thread."""
    before = set(threading.enumerate())
    delivery = deliver(ScriptedExporter())

    idle = set(threading.enumerate()) - before
    delivery.emit(captured_error())
    delivery.flush(PATIENCE)

    assert idle == set()
    [worker] = set(threading.enumerate()) - before
    assert worker.daemon
    assert "otel_crumbs" in worker.name


def test_close_ends_the_wait_for_a_retry(deliver: Callable[..., Delivery]) -> None:
    """A thread that would wait for an hour ends when its delivery is closed."""
    exporter = ScriptedExporter(outcomes=[Outcome(verdict=Verdict.RETRY, retry_after=3600)])
    delivery = deliver(exporter)
    delivery.emit(captured_error())
    exporter.began.wait(PATIENCE)

    delivery.close()

    assert delivery.flush(PATIENCE) is False
    assert exporter.sent == ["boom"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_job_that_forks_leaves_the_queue_to_the_parent(deliver: Callable[..., Delivery]) -> None:
    """The job goes on in the child, which sends no other event."""
    queued = threading.Event()
    reading, writing = os.pipe()
    children: list[int] = []

    def fork_once() -> None:
        queued.wait(PATIENCE)
        if not children:
            children.append(os.fork())
        if not children[0]:
            os.write(writing, b"x")

    delivery = deliver(ScriptedExporter(on_export=fork_once))
    delivery.emit(captured_error("first"))
    delivery.emit(captured_error("second"))
    queued.set()
    acknowledged = delivery.flush(PATIENCE)

    # The child goes on without end where grpc was loaded: it starts its own threads again there.
    until(lambda: select.select([reading], [], [], 0)[0])
    time.sleep(SECONDS_FOR_ANOTHER)
    os.kill(children[0], signal.SIGKILL)
    os.waitpid(children[0], 0)
    os.close(writing)
    sent_by_child = os.read(reading, 1000)
    os.close(reading)

    assert acknowledged is True
    assert sent_by_child == b"x"
