"""Tests of `otel_crumbs.export.delivery.delivery`: every exporter gets every event, and nobody waits for it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

from otel_crumbs.event import CapturedError
from otel_crumbs.export import Delivery

from .exporters import PATIENCE, REFUSED, ScriptedExporter, captured_error


def test_events_arrive_in_order(deliver: Callable[..., Delivery]) -> None:
    """Events that are emitted arrive in their order, and flush returns True."""
    exporter = ScriptedExporter()
    delivery = deliver(exporter)

    for number in range(3):
        delivery.emit(captured_error(str(number)))

    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == ["0", "1", "2"]


def test_every_exporter_gets_every_event(deliver: Callable[..., Delivery]) -> None:
    """An exporter that refuses an event does not keep it from another one."""
    refusing, taking = ScriptedExporter(outcomes=[REFUSED]), ScriptedExporter()
    delivery = deliver(refusing, taking)

    delivery.emit(captured_error())

    assert delivery.flush(PATIENCE) is False
    assert taking.sent == ["boom"]


def test_emit_does_not_wait_for_an_exporter(deliver: Callable[..., Delivery]) -> None:
    """An exporter that hangs holds up its own events only."""
    gate = threading.Event()
    hanging, taking = ScriptedExporter(gate=gate), ScriptedExporter()
    delivery = deliver(hanging, taking)

    for number in range(5):
        delivery.emit(captured_error(str(number)))
    hanging.began.wait(PATIENCE)

    assert hanging.sent == []
    assert delivery.workers[1].flush(time.monotonic() + PATIENCE) is True
    assert taking.sent == ["0", "1", "2", "3", "4"]
    gate.set()
    assert delivery.flush(PATIENCE) is True


def test_flush_returns_false_after_its_timeout(deliver: Callable[..., Delivery]) -> None:
    """Flush returns True only once the event is acknowledged."""
    gate = threading.Event()
    delivery = deliver(ScriptedExporter(gate=gate))
    delivery.emit(captured_error())

    early = delivery.flush(0.05)
    gate.set()

    assert early is False
    assert delivery.flush(PATIENCE) is True


def test_flush_without_events_returns_true(deliver: Callable[..., Delivery]) -> None:
    """Where there is no event, or no exporter, everything counts as acknowledged."""
    assert deliver(ScriptedExporter()).flush(0) is True
    assert deliver().flush(0) is True


def test_a_closed_delivery_takes_no_events(deliver: Callable[..., Delivery]) -> None:
    """After close an event is dropped, and the exporter has been shut down."""
    exporter = ScriptedExporter()
    delivery = deliver(exporter)
    delivery.close()

    delivery.emit(captured_error())

    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == []
    assert exporter.closed is True


def test_many_threads_may_emit_at_once(deliver: Callable[..., Delivery]) -> None:
    """Each event of eight threads arrives once."""
    exporter = ScriptedExporter()
    delivery = deliver(exporter)
    captured = [[captured_error(f"{thread} {number}") for number in range(50)] for thread in range(8)]

    def emit(events: list[CapturedError]) -> None:
        for one in events:
            delivery.emit(one)

    threads = [threading.Thread(target=emit, args=(events,)) for events in captured]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert delivery.flush(PATIENCE) is True
    assert sorted(exporter.sent) == sorted(f"{thread} {number}" for thread in range(8) for number in range(50))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_delivers_its_own_events_only(deliver: Callable[..., Delivery]) -> None:
    """The parent delivers its own events; the child begins with an empty queue and a thread of its own."""
    gate = threading.Event()
    exporter = ScriptedExporter(gate=gate)
    delivery = deliver(exporter)
    delivery.emit(captured_error("parent"))
    delivery.emit(captured_error("parent, waiting"))
    exporter.began.wait(PATIENCE)
    reading, writing = os.pipe()

    child = os.fork()
    if child == 0:
        try:
            gate.set()
            delivery.emit(captured_error("child"))
            acknowledged = delivery.flush(PATIENCE)
            os.write(writing, f"{acknowledged} {exporter.sent}".encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    said = os.read(reading, 1000).decode()
    os.close(reading)
    gate.set()

    assert said == "True ['child']"
    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == ["parent", "parent, waiting"]
