"""Tests of `otel_crumbs.export.delivery.back_off`: a receiver that asks for a pause gets it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from otel_crumbs.export import Delivery, Outcome, Verdict
from otel_crumbs.export.delivery.back_off import BackOff

from .exporters import PATIENCE, ScriptedExporter, captured_error


def test_a_pause_that_a_receiver_asks_for_is_kept(deliver: Callable[..., Delivery]) -> None:
    """While `retry_after` lasts nothing is sent, and flush returns False."""
    exporter = ScriptedExporter(outcomes=[Outcome(verdict=Verdict.RETRY, reason="slow down", retry_after=3600)])
    delivery = deliver(exporter)
    delivery.emit(captured_error())
    exporter.began.wait(PATIENCE)

    assert delivery.flush(0.8) is False

    assert exporter.sent == ["boom"]


def test_a_receiver_may_ask_for_a_pause_after_a_success(deliver: Callable[..., Delivery]) -> None:
    """The receiver would drop the next event, so it waits, and flush returns False."""
    exporter = ScriptedExporter(outcomes=[Outcome(verdict=Verdict.DELIVERED, retry_after=3600)])
    delivery = deliver(exporter)
    delivery.emit(captured_error("first"))

    taken = delivery.flush(PATIENCE)
    delivery.emit(captured_error("second"))

    assert taken is True
    assert delivery.flush(0.3) is False
    assert exporter.sent == ["first"]
    assert delivery.pending is True


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_an_event_is_sent_after_the_pause(deliver: Callable[..., Delivery], seconds: float) -> None:
    """The worker sends it by itself."""
    exporter = ScriptedExporter(outcomes=[Outcome(verdict=Verdict.DELIVERED, retry_after=seconds)])
    delivery = deliver(exporter)

    delivery.emit(captured_error("first"))
    delivery.emit(captured_error("second"))

    assert delivery.flush(PATIENCE) is True
    assert exporter.sent == ["first", "second"]


def test_a_receiver_may_ask_for_a_pause_after_a_refusal(deliver: Callable[..., Delivery]) -> None:
    """The first event is lost, and the next one waits."""
    exporter = ScriptedExporter(outcomes=[Outcome(verdict=Verdict.REFUSED, retry_after=3600)])
    delivery = deliver(exporter)

    delivery.emit(captured_error("first"))
    exporter.began.wait(PATIENCE)
    delivery.emit(captured_error("second"))

    assert delivery.flush(0.3) is False
    assert exporter.sent == ["first"]


def test_a_receiver_that_comes_back_is_asked_slowly_at_first() -> None:
    """Each success halves the time to the next request, with jitter, and soon there is none."""
    back_off = BackOff()
    back_off.fail(None)

    gaps = []
    for _ in range(9):
        back_off.succeed(None)
        gaps.append(back_off.seconds_left())

    assert 0.4 < gaps[0] <= 1.5
    assert all(gap <= 1.5 / 2**number for number, gap in enumerate(gaps))
    assert gaps[-1] == 0


def test_a_receiver_that_fails_again_is_asked_more_slowly() -> None:
    """It was not back for good; the time to the next request grows, in bounds."""
    back_off = BackOff()
    for _ in range(9):
        back_off.fail(None)
        back_off.succeed(None)

    assert 2 < back_off.seconds_left() <= 12


def test_a_flush_does_not_wait_for_that() -> None:
    """Somebody waits for it, or the process ends."""
    back_off = BackOff()
    back_off.fail(None)
    back_off.succeed(None)

    back_off.end_pause()
    ended = back_off.seconds_left()
    back_off.succeed(None)

    assert (ended, back_off.seconds_left()) == (0, 0)
