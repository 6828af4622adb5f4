"""The span that stands for one that was sampled out: what it keeps, and what it is for everybody else."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from contextlib import suppress
from types import FunctionType
from typing import Any, cast

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode

import otel_crumbs
from otel_crumbs.sources.spans.unsampled_span import UnsampledSpan
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, fail, messages, raised, running_application


class OwnText(Exception):  # noqa: N818 - it is no error but a trap
    """An exception whose text is the application's own code."""

    def __str__(self) -> str:
        """Refuse."""
        raise AssertionError("asked")


@pytest.fixture
def app() -> Iterator[Application]:
    """Run an application that samples nothing."""
    with running_application(ALWAYS_OFF) as application:
        yield application


@pytest.fixture(autouse=True)
def events(app: Application) -> Iterator[CapturedEvents]:  # noqa: ARG001 - it is set up first
    """Install."""
    with capture_events() as captured:
        yield captured


def start(app: Application, **arguments: Any) -> UnsampledSpan:
    """Start a span."""
    span = app.tracer.start_span("step", **arguments)
    assert isinstance(span, UnsampledSpan)
    return span


def ask_as(module: str, span: trace.Span) -> bool:
    """Have a function of a module ask whether the span is recording."""

    def ask(span: trace.Span) -> bool:
        return span.is_recording()

    return bool(FunctionType(ask.__code__, {"__name__": module})(span))


def test_the_application_hears_that_it_does_not_record(app: Application) -> None:
    """So it prepares nothing that it would not have prepared."""
    with app.tracer.start_as_current_span("step") as span:
        assert span.is_recording() is False
        assert trace.get_current_span().is_recording() is False
        assert ask_as("shop.views", span) is False


@pytest.mark.parametrize("module", ["opentelemetry.instrumentation.dbapi", "opentelemetry.util.http.httplib"])
def test_instrumentations_hear_that_it_records_until_it_ends(app: Application, module: str) -> None:
    """They would set no attributes otherwise."""
    span = start(app)
    during = ask_as(module, span)
    span.end()

    assert (during, ask_as(module, span)) == (True, False)


def test_an_instrumentation_that_writes_comments_into_sql_hears_that_it_does_not() -> None:
    """The database would be sent another statement."""

    class Cursor:
        def __init__(self, *, comments: bool) -> None:
            self._commenter_enabled = comments

    def traced_execution(self: Cursor, span: trace.Span) -> bool:  # noqa: ARG001 - it is looked for
        return span.is_recording()

    function = FunctionType(traced_execution.__code__, {"__name__": "opentelemetry.instrumentation.dbapi"})
    with trace.get_tracer("shop").start_as_current_span("step") as span:
        assert function(Cursor(comments=False), span) is True
        assert function(Cursor(comments=True), span) is False


def test_it_is_a_span_that_does_not_record(app: Application) -> None:
    """To whoever asks what it is, how it looks, or copies it."""
    span = start(app, attributes={"a": 1})
    context = span.get_span_context()

    assert isinstance(span, NonRecordingSpan)
    assert not isinstance(span, ReadableSpan)
    assert repr(span) == repr(NonRecordingSpan(context))
    for copied in (copy.copy(span), copy.deepcopy(span), pickle.loads(pickle.dumps(span))):  # noqa: S301 - our own
        assert type(copied) is NonRecordingSpan
        assert copied.get_span_context() == context


def test_instrumentations_can_read_it(app: Application) -> None:
    """As they read a span of the SDK's that records."""
    with app.request("GET /") as root:
        span = start(
            app,
            kind=SpanKind.CLIENT,
            attributes={"a": 1},
            start_time=5,
            links=[Link(SpanContext(1, 2, is_remote=True))],
        )
    span.add_event("event", {"b": 2}, 6)
    span.set_status(StatusCode.ERROR, "no")
    span.end(7)

    assert (span.name, span.kind, span.start_time, span.end_time) == ("step", SpanKind.CLIENT, 5, 7)
    assert (span.context, span.parent) == (span.get_span_context(), root.get_span_context())
    assert dict(span.attributes) == {"a": 1}
    assert [(event.name, event.attributes, event.timestamp) for event in span.events] == [("event", {"b": 2}, 6)]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "no")
    assert (span.links, span.resource.attributes["service.name"]) == ((), "shop")
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "shop"


def test_what_is_set_is_recorded(app: Application) -> None:
    """Name, attributes and events."""
    span = start(app)
    span.update_name("renamed")
    span.set_attribute("one", 1)
    span.set_attributes({"two": 2, "three": [3]})
    span.add_event("event", {"message": "said"})
    span.add_link(SpanContext(1, 2, is_remote=True))
    span.end()

    step, event = otel_crumbs.trail()
    assert step.message == "renamed"
    assert {key: step.data[key] for key in ("one", "two", "three")} == {"one": 1, "two": 2, "three": [3]}
    assert event.message == "event: said"


def test_nothing_is_set_once_it_has_ended(app: Application, caplog: pytest.LogCaptureFixture) -> None:
    """And nothing is said about it, as nothing was before; a second end is none."""
    span = start(app)
    span.end()
    span.update_name("late")
    span.set_attribute("late", 1)
    span.set_attributes({"late": 1})
    span.add_event("late")
    span.set_status(StatusCode.ERROR)
    span.record_exception(ValueError("late"))
    span.end()

    [step] = otel_crumbs.trail()
    assert (step.message, step.level, step.repeated) == ("step", "info", 1)
    assert "late" not in step.data
    assert caplog.records == []


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([(StatusCode.ERROR, "first"), (StatusCode.ERROR, "second")], (StatusCode.ERROR, "second")),
        ([(StatusCode.ERROR, "first"), (StatusCode.UNSET, None)], (StatusCode.ERROR, "first")),
        ([(StatusCode.OK, None), (StatusCode.ERROR, "late")], (StatusCode.OK, None)),
        ([(Status(StatusCode.ERROR, "whole"), "ignored")], (StatusCode.ERROR, "whole")),
        ([(Status(StatusCode.UNSET), None)], (StatusCode.UNSET, None)),
        ([(StatusCode.OK, "ignored")], (StatusCode.OK, None)),
        ([(StatusCode.ERROR, object())], (StatusCode.ERROR, None)),
        ([("nonsense", None)], (StatusCode.UNSET, None)),
    ],
)
def test_the_status_is_as_the_sdk_sets_it(
    app: Application, caplog: pytest.LogCaptureFixture, statuses: list[Any], expected: Any
) -> None:
    """OK is final, UNSET says nothing; nothing is logged, as nothing was before."""
    span = start(app)
    for status, description in statuses:
        span.set_status(status, description)

    assert (span.status.status_code, span.status.description) == expected
    assert caplog.records == []


def test_values_are_bounded_and_not_asked_for_their_text(app: Application) -> None:
    """An application that samples nothing has never had them looked at."""
    span = start(app)
    for number in range(1000):
        span.set_attribute(str(number), number)
        span.add_event(str(number))
    span.set_attribute("0", OwnText())
    span.set_attribute(cast("Any", OwnText()), 1)
    span.update_name(cast("Any", OwnText()))
    span.add_event(cast("Any", OwnText()), cast("Any", OwnText()), cast("Any", OwnText()))

    assert len(span.attributes) == 128
    assert span.attributes["0"] == f"<{__name__}.OwnText>"
    assert len(span.events) == 128
    assert span.name == f"<{__name__}.OwnText>"


def test_an_exception_that_leaves_is_its_error(app: Application) -> None:
    """By `start_as_current_span`, by `use_span`, and by `with` on the span itself."""
    for number, way in enumerate(
        (
            lambda: app.tracer.start_as_current_span("0"),
            lambda: trace.use_span(app.tracer.start_span("1"), end_on_exit=True),
            lambda: app.tracer.start_span("2"),
        )
    ):
        with suppress(ValueError), way():
            raise ValueError(f"boom {number}")

    spans = [crumb for crumb in otel_crumbs.trail() if crumb.category == "span"]
    assert [(crumb.level, crumb.data["error"]) for crumb in spans] == [
        ("error", f"ValueError: boom {number}") for number in range(3)
    ]


def test_an_exception_that_leaves_counts_as_the_caller_wants_it(app: Application) -> None:
    """The arguments `record_exception` and `set_status_on_exception` mean what they meant."""
    for number, way in enumerate(
        (
            lambda **arguments: app.tracer.start_as_current_span("0", **arguments),
            lambda **arguments: trace.use_span(app.tracer.start_span("1"), end_on_exit=True, **arguments),
            lambda **arguments: app.tracer.start_span("2", **arguments),
        )
    ):
        with suppress(ValueError), way(record_exception=False, set_status_on_exception=False):
            raise ValueError(f"boom {number}")

    assert [(crumb.level, crumb.data.get("error")) for crumb in otel_crumbs.trail()] == [("info", None)] * 3


def test_an_exception_that_leaves_is_not_asked_for_its_text(app: Application, events: CapturedEvents) -> None:
    """Nor does it become another one by that."""
    with pytest.raises(OwnText), app.request("GET /"), app.tracer.start_as_current_span("step"):
        raise OwnText

    assert events[0].exception.type.endswith("OwnText")


def test_an_exception_that_was_handled_around_it_is_none_of_its_own(app: Application) -> None:
    """A span that starts and ends in an `except` block did not fail."""
    try:
        fail(ValueError("before"))
    except ValueError:
        with app.tracer.start_as_current_span("step"):
            pass

    assert [(crumb.message, crumb.level) for crumb in otel_crumbs.trail()] == [("step", "info")]


def test_an_operation_fails_with_the_exception_that_its_instrumentation_recorded(
    app: Application, events: CapturedEvents
) -> None:
    """Celery records it when nothing is raised any more; nothing of it is kept after the end."""
    span = cast("UnsampledSpan", app.tracer.start_span("run/task", kind=SpanKind.CONSUMER))
    _, error, _ = raised(KeyError("order"))
    span.record_exception(error)
    span.set_status(StatusCode.ERROR, "failed")
    span.end()

    assert [(event.exception.type, event.mechanism) for event in events] == [("KeyError", "operation")]
    assert "raise error" in (events[0].stacktrace or "")
    assert span._events.exception is None


def test_an_exception_that_was_recorded_and_handled_is_no_failure(app: Application, events: CapturedEvents) -> None:
    """The operation goes on, and ends well."""
    with app.request("GET /") as span:
        span.record_exception(ValueError("handled"))
        otel_crumbs.record("goes on")
        reported = messages()

    assert list(events) == []
    assert reported == ["ValueError: handled", "goes on"]


def test_a_child_is_the_same_to_everybody(app: Application) -> None:
    """Its trace, and that it is not sampled."""
    with app.request("GET /") as root, app.tracer.start_as_current_span("child") as child:
        assert child.get_span_context().trace_id == root.get_span_context().trace_id
        assert child.get_span_context().trace_flags.sampled is False
