"""Tests of `otel_crumbs.base.counters`."""

from __future__ import annotations

import threading

from otel_crumbs.base.counters import Counters, FastCounter


def test_counts_are_kept_by_name_and_attributes() -> None:
    """The order of the attributes makes no difference, and zero is not counted."""
    counters = Counters()

    counters.count("dropped", 2, exporter="otlp", reason="too old")
    counters.count("dropped", reason="too old", exporter="otlp")
    counters.count("dropped", 0, reason="queue full")
    counters.count("sent")

    assert list(counters.read("dropped")) == [({"exporter": "otlp", "reason": "too old"}, 3)]
    assert counters.count_total("dropped") == 3


def test_a_fast_counter_loses_no_count_of_any_thread() -> None:
    """Each count is one call in C."""
    counter = FastCounter()

    def work() -> None:
        for _ in range(1000):
            next(counter.ticks)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counter.add(7)

    assert counter.value == 4007


def test_a_reset_counter_begins_at_zero() -> None:
    """A forked child reports only its own counts."""
    counter = FastCounter()
    counter.add(5)

    counter.reset_after_fork()
    next(counter.ticks)

    assert counter.value == 1


def test_a_forked_child_begins_at_zero() -> None:
    """A child counts its own breadcrumbs."""
    counter = FastCounter()
    next(counter.ticks)

    counter.reset_after_fork()
    next(counter.ticks)

    assert counter.value == 1
