"""One operation, one trail: nothing of others, nothing from before."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, assert_no_leaks, capture_events
from tests.application import Application, in_thread, messages, running_application

logger = logging.getLogger("tests.isolation")


def reported(events: CapturedEvents) -> dict[str, list[str]]:
    """Return for each error what its trail tells."""
    return {event.exception.message: [crumb.message for crumb in event.breadcrumbs] for event in events}


def failing_request(app: Application, number: int) -> None:
    """Serve a request that logs, notes, has a span, and fails."""
    with suppress(ValueError), app.request(f"GET /{number}"):
        logger.warning("log %d", number)
        otel_crumbs.record(f"note {number}")
        with app.tracer.start_as_current_span(f"span {number}"):
            pass
        raise ValueError(number)


def expected(number: int) -> list[str]:
    """Return what the trail of that request tells."""
    return [f"log {number}", f"note {number}", f"span {number}"]


def test_two_requests_on_one_thread_share_nothing(app: Application, events: CapturedEvents) -> None:
    """The second request of a thread knows nothing of the first."""
    failing_request(app, 1)
    failing_request(app, 2)

    assert reported(events) == {"1": expected(1), "2": expected(2)}


def test_a_request_knows_nothing_of_what_was_before_it(app: Application, events: CapturedEvents) -> None:
    """What the process did before the request is not in its trail."""
    otel_crumbs.record("start of the process")

    failing_request(app, 1)

    assert reported(events) == {"1": expected(1)}


def test_what_follows_a_request_knows_nothing_of_it(app: Application, events: CapturedEvents) -> None:
    """Once the request is over, the thread is where it was before."""
    otel_crumbs.record("before")
    failing_request(app, 1)

    otel_crumbs.record("after")

    assert len(events) == 1
    assert messages() == ["before", "after"]


def test_many_requests_in_many_threads_share_nothing(app: Application, events: CapturedEvents) -> None:
    """Two hundred failing requests on eight threads are two hundred events, each with its own trail."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: failing_request(app, number), range(200)))

    assert reported(events) == {str(number): expected(number) for number in range(200)}


def test_many_requests_in_many_tasks_share_nothing(app: Application, events: CapturedEvents) -> None:
    """Two hundred interleaved asyncio tasks are two hundred events, each with its own trail."""

    async def request(number: int) -> None:
        with app.request(f"GET /{number}"):
            logger.warning("log %d", number)
            await asyncio.sleep(0)
            otel_crumbs.record(f"note {number}")
            await asyncio.sleep(0)
            with app.tracer.start_as_current_span(f"span {number}"):
                await asyncio.sleep(0)
            raise ValueError(number)

    async def serve() -> None:
        await asyncio.gather(*(request(number) for number in range(200)), return_exceptions=True)

    asyncio.run(serve())

    assert reported(events) == {str(number): expected(number) for number in range(200)}


def test_requests_inside_work_opened_by_hand_share_nothing(app: Application, events: CapturedEvents) -> None:
    """Requests that run within an operation of ours have their own trails all the same."""
    with otel_crumbs.operation("worker"):
        otel_crumbs.record("worker started")
        failing_request(app, 1)
        failing_request(app, 2)

    assert reported(events) == {"1": expected(1), "2": expected(2)}


def test_pieces_of_work_in_every_way_share_nothing(events: CapturedEvents) -> None:
    """The leak check of otel_crumbs.testing finds nothing in plain and in async work."""

    def work(token: str) -> None:
        logger.warning("working on %s", token)

    async def async_work(token: str) -> None:
        logger.warning("working on %s", token)
        await asyncio.sleep(0)
        otel_crumbs.record(f"went on with {token}")

    assert_no_leaks(events, work)
    assert_no_leaks(events, async_work)


def test_a_consumer_is_an_operation_too(app: Application, events: CapturedEvents) -> None:
    """Messages taken from a queue one after the other share nothing."""
    for number in range(2):
        with suppress(ValueError), app.tracer.start_as_current_span("run", kind=SpanKind.CONSUMER):
            otel_crumbs.record(f"message {number}")
            raise ValueError(number)

    assert reported(events) == {"0": ["message 0"], "1": ["message 1"]}


def test_a_request_called_from_another_service_is_an_operation(app: Application, events: CapturedEvents) -> None:
    """A span with a remote parent opens an operation, and does not share it with its siblings."""
    caller = SpanContext(trace_id=7, span_id=9, is_remote=True, trace_flags=TraceFlags(1))
    token = otel_context.attach(trace.set_span_in_context(NonRecordingSpan(caller)))
    try:
        failing_request(app, 1)
        failing_request(app, 2)
    finally:
        otel_context.detach(token)

    assert reported(events) == {"1": expected(1), "2": expected(2)}


class ForeignSpan(NonRecordingSpan):
    """A span of another implementation, which keeps its context elsewhere and something else under that name."""

    def __init__(self, context: SpanContext) -> None:
        super().__init__(context)
        self._kept, self._context = context, "not what you think"  # type: ignore[assignment]  # as it may be

    def get_span_context(self) -> SpanContext:
        """Return the context."""
        return self._kept


@pytest.mark.usefixtures("events")
def test_what_is_recorded_under_a_span_of_another_implementation_is_kept() -> None:
    """Nothing is taken for granted of it but the API."""
    context = SpanContext(trace_id=7, span_id=9, is_remote=False, trace_flags=TraceFlags(1))

    with trace.use_span(ForeignSpan(context)):
        otel_crumbs.record("inside")
        seen = messages()

    assert seen == ["inside"]


def test_a_server_span_inside_a_request_is_part_of_it(app: Application, events: CapturedEvents) -> None:
    """WSGI under Django makes two server spans; only the outer one is the operation."""
    with suppress(ValueError), app.request("GET /"):
        otel_crumbs.record("outer")
        with app.request("GET inner"):
            otel_crumbs.record("inner")
            raise ValueError("boom")

    assert len(events) == 1
    assert [crumb.message for crumb in events[0].breadcrumbs if crumb.category == "manual"] == ["outer", "inner"]
    assert events[0].operation == "GET /"


@pytest.fixture
def _unsampled() -> Iterator[None]:
    with running_application(ALWAYS_OFF):
        yield


@pytest.mark.usefixtures("_unsampled")
@pytest.mark.parametrize("record_unsampled", [True, False])
def test_unsampled_requests_share_nothing(*, record_unsampled: bool) -> None:
    """Where every trace is sampled out, lines and notes of one request are not in another's trail."""
    tracer = trace.get_tracer("shop")
    with capture_events(record_unsampled=record_unsampled) as events:
        for number in range(3):
            with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER):
                logger.warning("log %d", number)
                otel_crumbs.record(f"note {number}")
                otel_crumbs.capture_exception(ValueError(number))

        assert reported(events) == {str(number): [f"log {number}", f"note {number}"] for number in range(3)}


@pytest.mark.usefixtures("_unsampled")
@pytest.mark.parametrize("record_unsampled", [True, False])
def test_unsampled_requests_in_tasks_share_nothing(*, record_unsampled: bool) -> None:
    """Interleaved tasks whose traces are sampled out keep apart."""
    tracer = trace.get_tracer("shop")

    async def request(number: int) -> None:
        with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER):
            logger.warning("log %d", number)
            await asyncio.sleep(0)
            with tracer.start_as_current_span("inner"):
                otel_crumbs.record(f"note {number}")
                await asyncio.sleep(0)
            otel_crumbs.capture_exception(ValueError(number))

    async def serve() -> None:
        await asyncio.gather(*map(request, range(20)))

    with capture_events(record_unsampled=record_unsampled) as events:
        asyncio.run(serve())

        notes = {key: [line for line in lines if line != "inner"] for key, lines in reported(events).items()}
        assert notes == {str(number): [f"log {number}", f"note {number}"] for number in range(20)}


def test_spans_that_are_suppressed_leave_the_rest_alone(app: Application, events: CapturedEvents) -> None:
    """A block with instrumentation suppressed does not lose the request that it is in."""
    with app.request("GET /"):
        with suppress_instrumentation():
            otel_crumbs.record("inside")
        otel_crumbs.record("outside")

        assert messages() == ["inside", "outside"]
    assert len(events) == 0


def test_a_background_thread_of_its_own_is_no_part_of_the_request(app: Application, events: CapturedEvents) -> None:
    """A thread without the request's context has an ambient trail."""
    with app.request("GET /"):
        in_thread(lambda: otel_crumbs.record("housekeeping"))

        assert messages() == []
    assert len(events) == 0


def test_threads_outside_any_operation_share_nothing(events: CapturedEvents) -> None:
    """Ambient trails belong to one thread each."""
    otel_crumbs.record("main")
    seen: list[list[str]] = []

    def work(number: int) -> None:
        otel_crumbs.record(f"thread {number}")
        seen.append(messages())

    for number in range(2):
        thread = threading.Thread(target=work, args=(number,))
        thread.start()
        thread.join()

    assert seen == [["thread 0"], ["thread 1"]]
    assert messages() == ["main"]
    assert len(events) == 0


def test_a_finaliser_may_start_a_span_while_the_open_ones_are_read(app: Application, events: CapturedEvents) -> None:
    """The collector runs wherever memory is asked for, also in the middle of a capture."""

    class Connection:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            spans.append(app.tracer.start_span("close"))

    spans = [app.tracer.start_span("open") for _ in range(30)]
    try:
        for threshold in range(1, 60):
            Connection()
            gc.set_threshold(threshold)
            otel_crumbs.capture_exception(ValueError("boom"))
            gc.set_threshold(700)
    finally:
        gc.set_threshold(700)
        for span in spans:
            span.end()

    assert len(events) == 59
