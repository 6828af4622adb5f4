"""Noise does not push out the first steps or the warnings, and costs no memory."""

from __future__ import annotations

import logging
import tracemalloc
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs import BreadcrumbSpanProcessor
from otel_crumbs.testing import CapturedEvents, capture_events

logger = logging.getLogger("tests.noise")


@pytest.fixture(autouse=True)
def events() -> Iterator[CapturedEvents]:
    """Install breadcrumbs and yield what is captured."""
    with capture_events() as captured:
        yield captured


def test_the_first_steps_and_the_warnings_stay(events: CapturedEvents) -> None:
    """Of ten thousand lines the beginning, the one warning and the end are told."""
    with otel_crumbs.operation("noisy"):
        logger.info("began")
        for number in range(5000):
            logger.info("step %d", number)
        logger.warning("disk almost full")
        for number in range(5000, 10_000):
            logger.info("step %d", number)
        otel_crumbs.capture_exception(ValueError("boom"))

    messages = [breadcrumb.message for breadcrumb in events[0].breadcrumbs]
    assert messages[:3] == ["began", "step 0", "step 1"]
    assert "disk almost full" in messages
    assert messages[-1] == "step 9999"
    assert len(messages) == 100


def test_memory_stays_flat() -> None:
    """A thousand lines more than ten thousand add nothing."""
    with otel_crumbs.operation("noisy"):
        for number in range(10_000):
            logger.info("step %d", number)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1000):
            logger.info("step %d", number)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    # The hundred entries that were replaced are new, and no more than these.
    assert after - before < 64 * 1024


def test_what_was_dropped_is_counted_by_category(events: CapturedEvents) -> None:
    """The event says how many of which category had no room."""
    provider = TracerProvider()
    provider.add_span_processor(BreadcrumbSpanProcessor())
    tracer = provider.get_tracer("opentelemetry.instrumentation.sqlite3")
    with otel_crumbs.operation("noisy"):
        for number in range(150):
            otel_crumbs.record("note", category="mine", data={"number": number})
        for number in range(50):
            with tracer.start_as_current_span(
                "SELECT", attributes={"db.system": "sqlite", "db.statement": f"{number}"}
            ):
                pass
        for number in range(90):
            logger.info("line %d", number)
        otel_crumbs.capture_exception(ValueError("boom"))

    assert events[0].dropped_by_category == {"mine": 140, "query": 50}
    assert events[0].dropped == 190
