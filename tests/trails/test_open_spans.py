"""Open spans belong to the branch where they started, which neither keeps them alive nor is kept by them."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import tracemalloc
from contextlib import suppress
from weakref import ref

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind

import otel_crumbs
from otel_crumbs import BreadcrumbSpanProcessor
from otel_crumbs.base.counters import recorded
from otel_crumbs.sources.spans.entry import SpanEntry
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import CHUNK, MAX_OPEN_SPANS, View, current, iterate_branches, take_snapshot
from otel_crumbs.trails import branch as branch_module
from otel_crumbs.trails.branch import Branch
from tests.application import Application, in_thread, messages


@pytest.fixture(autouse=True)
def _installed(events: CapturedEvents) -> CapturedEvents:
    return events


def captured_open_spans() -> list[str]:
    """Return the names of the open spans that an error right here would show."""
    entries = current.find_branch().capture_open_spans()
    return [SpanEntry._make(entry).name for entry in entries]


def request_with_a_leak(app: Application, number: int, leaked: list[Span]) -> None:
    """Serve a request of which one span never ends, though the application keeps it."""
    with app.request(f"GET /{number}"):
        otel_crumbs.record(f"note {number}")
        leaked.append(app.tracer.start_span(f"leaked {number}"))


def leak_in_tasks(app: Application, count: int) -> list[Span]:
    """Return spans that never end, each started in a task of its own that is over."""
    leaked: list[Span] = []

    async def start(number: int) -> None:
        leaked.append(app.tracer.start_span(f"leaked {number}"))

    for number in range(count):
        asyncio.run(start(number))
    return leaked


def live_branches() -> int:
    """Return how many branches there are, without the garbage."""
    gc.collect()
    return len(list(iterate_branches()))


def test_a_span_that_nobody_can_end_any_more_is_not_in_flight(app: Application) -> None:
    """An instrumentation may start two spans for one statement and keep one of them."""
    with app.request("GET /"):
        span = app.tracer.start_span("kept")
        app.tracer.start_span("lost")

        assert captured_open_spans() == ["kept"]
        span.end()
        assert messages() == ["kept"]


def lost_span(app: Application) -> ref[Span]:
    """Return a reference to a span that nobody has any more, and that has not ended."""
    span = app.tracer.start_span("lost")
    return ref(span)


def test_a_lost_span_is_not_kept_alive_beyond_the_newest_entries(app: Application) -> None:
    """The next few spans of its branch, whether they end or not, take its place."""
    with app.request("GET /"):
        watched = lost_span(app)
        opened = [app.tracer.start_span("step") for _ in range(CHUNK + 1)]
        for span in opened:
            span.end()
        gc.collect()

        assert watched() is None


def test_a_lost_span_is_not_kept_alive_by_a_capture(app: Application) -> None:
    """Whoever asks for the trail does not have it."""
    with app.request("GET /"):
        watched = lost_span(app)
        shown = messages()
        gc.collect()

        assert shown == []
        assert watched() is None


def test_requests_keep_no_lost_span(app: Application) -> None:
    """A lost span is gone with the request."""
    with app.request("GET /"):
        watched = lost_span(app)
    with app.request("GET /next"):
        gc.collect()

        assert watched() is None


def test_requests_whose_spans_never_end_keep_nothing(app: Application) -> None:
    """Neither a span that is gone nor one that the application keeps has a trail live on."""
    leaked: list[Span] = []
    request_with_a_leak(app, 0, leaked)
    before = live_branches()

    for number in range(1, 200):
        request_with_a_leak(app, number, leaked)
        with app.request("GET /lost"):
            app.tracer.start_span("lost")

    assert live_branches() == before
    assert len(leaked) == 200


def test_tasks_of_requests_whose_spans_never_end_keep_nothing(app: Application) -> None:
    """A task that started a span that never ends is no different."""
    leaked: list[Span] = []

    async def part(number: int) -> None:
        leaked.append(app.tracer.start_span(f"leaked {number}"))

    async def serve() -> None:
        for number in range(50):
            with app.request(f"GET /{number}"):
                await asyncio.create_task(part(number))

    asyncio.run(serve())

    assert live_branches() < 10


def test_a_capture_looks_at_the_spans_of_its_own_branch_alone(app: Application) -> None:
    """What other requests have open costs nothing."""
    opened, done = threading.Event(), threading.Event()

    def serve_other_request() -> None:
        with app.request("GET /other"), app.tracer.start_as_current_span("other"):
            opened.set()
            done.wait(10)

    thread = threading.Thread(target=serve_other_request)
    thread.start()
    opened.wait(10)
    with app.request("GET /mine"), app.tracer.start_as_current_span("mine"):
        shown = captured_open_spans()
        owners = [branch for branch in iterate_branches() if [*branch.iterate_open_spans()]]
    done.set()
    thread.join()

    assert shown == ["mine"]
    assert len(owners) == 2


def test_spans_that_never_end_are_bounded_in_a_branch(app: Application) -> None:
    """Of spans that the application keeps open the oldest are forgotten; what is recorded still works."""
    leaked = [app.tracer.start_span(f"leaked {number}") for number in range(3 * MAX_OPEN_SPANS)]

    assert len(current.find_branch().open_spans or ()) <= MAX_OPEN_SPANS
    assert len(captured_open_spans()) <= MAX_OPEN_SPANS
    assert captured_open_spans()[-1] == leaked[-1].name  # type: ignore[attr-defined]  # an SDK's span has it
    with app.request("GET /"):
        otel_crumbs.record("works")
        assert messages() == ["works"]


def test_spans_that_are_lost_are_bounded_in_a_branch(app: Application) -> None:
    """A script may lose one after the other for ever."""
    for number in range(3 * MAX_OPEN_SPANS):
        app.tracer.start_span(f"lost {number}")

    assert len(current.find_branch().open_spans or ()) <= MAX_OPEN_SPANS
    assert captured_open_spans() == []


def test_a_forgotten_span_that_ends_after_all_costs_nothing(app: Application) -> None:
    """The application sees no difference."""
    leaked = [app.tracer.start_span(f"leaked {number}") for number in range(MAX_OPEN_SPANS + 2 * CHUNK)]

    for span in leaked:
        span.end()

    assert len(app.exported_spans) == len(leaked)
    assert messages()[-1] == leaked[-1].name  # type: ignore[attr-defined]  # an SDK's span has it
    assert "leaked 0" not in messages()


def test_branches_that_only_open_spans_keep_are_bounded(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside any operation nothing says that a task's work is over."""
    monkeypatch.setattr(branch_module, "MAX_BRANCHES", 20)
    leaked = leak_in_tasks(app, 100)

    assert len(leaked) == 100
    assert live_branches() <= 20


def test_a_branch_that_is_gone_and_still_in_the_table_holds_up_none_of_the_others(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collector may be on its way to take it out."""
    monkeypatch.setattr(branch_module, "MAX_BRANCHES", 20)
    table = branch_module._branches
    branch = Branch(1)
    del table[branch.me]
    branch.me = gone = ref(branch)
    others = [*table]
    table.clear()
    table.update(dict.fromkeys([gone, *others]))
    del branch
    leaked = leak_in_tasks(app, 100)

    assert len(leaked) == 100
    assert live_branches() <= 20
    assert next(iter(table)) is gone
    del table[gone]


def test_a_span_that_outlives_its_operation_still_leaves_its_breadcrumb(app: Application) -> None:
    """As long as somebody works in the operation, the trail goes on."""

    async def work() -> list[str]:
        with app.request("GET /"):
            span = app.tracer.start_span("background")
        with trace.use_span(span):
            otel_crumbs.record("after the answer")
            with app.tracer.start_as_current_span("inner"):
                pass
        span.end()
        with trace.use_span(span):
            return messages()

    assert asyncio.run(work()) == ["background", "after the answer", "inner"]


def test_a_span_that_ends_in_another_thread_leaves_its_breadcrumb_where_it_started(app: Application) -> None:
    """Wherever it ends."""
    with app.request("GET /"):
        span = app.tracer.start_span("step")
        in_thread(span.end)

        assert messages() == ["step"]


def test_a_span_of_a_task_that_is_gone_leaves_its_breadcrumb_in_the_operation(app: Application) -> None:
    """A connection is opened in one task and closed in another."""
    spans: list[Span] = []

    async def connect() -> None:
        spans.append(app.tracer.start_span("connection"))

    async def work() -> list[str]:
        with app.request("GET /"):
            await asyncio.create_task(connect())
            gc.collect()
            spans[0].end()
            return messages()

    assert asyncio.run(work()) == ["connection"]


def test_a_span_context_that_was_handed_over_by_hand_is_found(app: Application) -> None:
    """A thread that works under a span's context alone belongs to the branch where that span started."""

    def work(context: otel_context.Context) -> None:
        token = otel_context.attach(context)
        otel_crumbs.record("in the thread")
        with app.tracer.start_as_current_span("step of the thread"):
            pass
        otel_context.detach(token)

    with app.request("GET /"), app.tracer.start_as_current_span("outer") as span:
        handed_over = trace.set_span_in_context(NonRecordingSpan(span.get_span_context()))
        in_thread(lambda: work(handed_over))
        reported = messages()

    assert reported[1:] == ["in the thread", "step of the thread"]


def test_a_span_context_of_another_request_is_found(app: Application) -> None:
    """The context alone counts, not the operation that the thread is in."""
    with app.request("GET /first") as first:
        handed_over = trace.set_span_in_context(NonRecordingSpan(first.get_span_context()))
        with app.tracer_provider.get_tracer("shop").start_as_current_span(
            "GET /second", context=otel_context.Context(), kind=SpanKind.SERVER
        ):
            otel_crumbs.record("of the second")
            app.tracer.start_span("of the first", context=handed_over).end()
            second = messages()

        assert second == ["of the second"]
        assert messages() == ["of the first"]


def test_a_task_under_a_child_span_that_has_ended_belongs_to_the_operation(app: Application) -> None:
    """It works on, though the span it was started under left nothing before."""

    async def later(gate: asyncio.Event) -> list[str]:
        await gate.wait()
        otel_crumbs.record("late")
        with app.tracer.start_as_current_span("late step"):
            pass
        return messages()

    async def work() -> tuple[list[str], list[str]]:
        gate = asyncio.Event()
        with app.request("GET /"):
            with app.tracer.start_as_current_span("child"):
                task = asyncio.create_task(later(gate))
                await asyncio.sleep(0)
            gate.set()
            return await task, messages()

    of_the_task, of_the_request = asyncio.run(work())

    assert of_the_task == ["child", "late", "late step"]
    assert of_the_request == ["child", "late", "late step"]


def test_two_of_our_processors_on_one_provider_are_as_one(app: Application) -> None:
    """Each span is one breadcrumb."""
    app.tracer_provider.add_span_processor(BreadcrumbSpanProcessor())
    with app.request("GET /"):
        with app.tracer.start_as_current_span("step"):
            otel_crumbs.record("note")
        open_spans = captured_open_spans()

        assert [(crumb.message, crumb.repeated) for crumb in otel_crumbs.trail()] == [("step", 1), ("note", 1)]
    assert open_spans == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_no_open_spans_of_its_parents(app: Application) -> None:
    """The parent's trail is cut off, and what the child does under the span is a trail of its own."""
    read, write = os.pipe()
    with app.request("GET /"), app.tracer.start_as_current_span("step") as step:
        otel_crumbs.record("of the parent")
        child = os.fork()
        if child == 0:
            otel_crumbs.record("of the child")
            step.end()
            os.write(write, repr(messages()).encode())
            os._exit(0)
        os.waitpid(child, 0)
        mine = messages()
    os.close(write)
    with os.fdopen(read) as answer:
        assert answer.read() == "['of the child']"
    assert mine[-1] == "of the parent"


def test_uninstalling_leaves_nothing_on_spans_that_are_open(app: Application) -> None:
    """They know no branch any more."""
    with app.request("GET /") as span:
        during = span._events._otel_crumbs_branch  # type: ignore[attr-defined]  # the mark
        otel_crumbs.uninstall()
        after = span._events._otel_crumbs_branch  # type: ignore[attr-defined]  # the mark

    assert during is not None
    assert after is None


def test_open_spans_are_shown_with_the_entries(app: Application) -> None:
    """In the order of time."""
    with app.request("GET /"), app.tracer.start_as_current_span("outer"):
        otel_crumbs.record("note")

        assert len(take_snapshot(View(current.find_branch())).entries) == 2


def test_a_long_span_is_in_flight_whatever_comes_after_it(app: Application) -> None:
    """Newer spans and notes do not hide the one that they are part of."""
    with app.request("GET /"), app.tracer.start_as_current_span("long"):
        for number in range(10 * CHUNK):
            otel_crumbs.record(f"note {number}")
            with app.tracer.start_as_current_span(f"step {number}"):
                pass

        assert captured_open_spans() == ["long"]


def test_a_long_span_that_has_just_failed_is_not_lost(app: Application) -> None:
    """It is among the last, though it started before all that is left."""
    with app.request("GET /"):
        with suppress(ValueError), app.tracer.start_as_current_span("long"):
            for number in range(10 * CHUNK):
                with app.tracer.start_as_current_span(f"step {number}"):
                    pass
            raise ValueError
        with app.tracer.start_as_current_span("after"):
            pass
        of_long = [crumb for crumb in otel_crumbs.trail() if crumb.message.startswith("long -> ValueError")]

    assert [(crumb.level, crumb.in_flight) for crumb in of_long] == [("error", False)]


def test_a_short_span_that_fails_is_one_breadcrumb(app: Application) -> None:
    """With the exception that ended it told once, though a span around it ended with it as well."""
    with app.request("GET /"):
        outer, inner = (app.tracer.start_as_current_span(name) for name in ("outer", "inner"))
        with suppress(ValueError), outer, inner:
            raise ValueError("boom")
        crumbs = [(crumb.category, crumb.level) for crumb in otel_crumbs.trail()]

    assert crumbs == [("span", "error"), ("span", "error"), ("exception", "error")]


def test_every_span_is_counted_once(app: Application) -> None:
    """Those that ended in a trail, and none that were lost."""
    before = recorded.value
    app.tracer_provider.add_span_processor(BreadcrumbSpanProcessor())
    with app.request("GET /"):
        app.tracer.start_span("lost")
        for _ in range(3 * CHUNK):
            with app.tracer.start_as_current_span("step"):
                pass

    assert recorded.value - before == 3 * CHUNK


def test_a_capture_in_a_span_neither_loses_nor_doubles_it(app: Application) -> None:
    """A span that was in flight for one error has ended for the next."""
    with app.request("GET /"):
        with app.tracer.start_as_current_span("step"):
            during = [(crumb.message.partition(" ")[0], crumb.in_flight) for crumb in otel_crumbs.trail()]
        after = [(crumb.message, crumb.in_flight) for crumb in otel_crumbs.trail()]

    assert during == [("step", True)]
    assert after == [("step", False)]


def test_a_full_trail_of_spans_is_not_heavy() -> None:
    """A hundred spans with a statement each weigh 120 KiB at most, wherever the last ones were settled."""
    bare = TracerProvider(shutdown_on_exit=False)
    with_trail = TracerProvider(shutdown_on_exit=False)
    with_trail.add_span_processor(BreadcrumbSpanProcessor())

    def weigh(tracer: trace.Tracer, spans: int) -> int:
        with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER):
            before = tracemalloc.get_traced_memory()[0]
            for number in range(spans):
                attributes = {
                    "db.system": "postgresql",
                    "db.statement": f"SELECT name, price FROM shop_product WHERE id = {number} ORDER BY name",  # noqa: S608 - never executed
                    "db.name": "shop",
                    "net.peer.port": 5432,
                }
                with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT, attributes=attributes):
                    pass
            gc.collect()
            return tracemalloc.get_traced_memory()[0] - before

    tracemalloc.start()
    for spans in range(100, 100 + CHUNK):
        without = weigh(bare.get_tracer("shop"), spans)
        weight = weigh(with_trail.get_tracer("shop"), spans) - without

        assert weight < 120 * 1024
    tracemalloc.stop()
