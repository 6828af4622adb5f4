"""The span that stands for one that a sampler dropped: a `NonRecordingSpan` to everybody, but for its breadcrumbs."""
# ruff: noqa: SLF001 - a span's parts have private names

from __future__ import annotations

import sys
from collections.abc import Mapping
from time import time_ns
from types import FrameType, MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, final

from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode

from otel_crumbs.base.exceptions import EVENT_NAME, name_exception, read_message
from otel_crumbs.base.guard import guarded

from .unsampled_values import MAX_ATTRIBUTES, copy_attributes, copy_small, copy_value, is_small

if TYPE_CHECKING:
    from weakref import ref

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Tracer
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Link

    from otel_crumbs.trails import Branch

    from .processor import BreadcrumbSpanProcessor

_MAX_EVENTS = 128

# Who asks whether a span is recording to know whether its attributes are worth the trouble.
_INSTRUMENTATIONS = ("opentelemetry.instrumentation.", "opentelemetry.util.")
_API = "opentelemetry.trace"
# What adds the span's context to the statements of a database, if so configured, when the span is recording.
_COMMENTERS = frozenset({"traced_execution", "traced_execution_async", "_before_cur_exec"})


class RecordedEvent(NamedTuple):
    """An event of a span that was sampled out."""

    name: str
    attributes: Mapping[str, Any]
    timestamp: int


class SpanContents:
    """All that a span keeps that was sampled out, in the attribute where an SDK's span has its list of events."""

    _otel_crumbs_branch: Branch | ref[Branch] | None
    processor: BreadcrumbSpanProcessor
    tracer: Tracer
    name: str
    attributes: dict[str, Any]
    start_time: int
    # Most spans have no more than that.
    events: tuple[RecordedEvent, ...] = ()
    status: Status = Status()
    end_time: int | None = None
    records_exception: bool = True
    sets_status: bool = True
    exception: BaseException | None = None
    # Whether anything is not evidently small, so that all of it is to be counted.
    may_be_large: bool = False


@final
class UnsampledSpan(NonRecordingSpan):
    """
    A span that its sampler dropped, with what a breadcrumb tells of it.

    It says that it records to instrumentations alone, for they would set no
    attributes otherwise; the application hears what it would hear without us.
    No value is asked for its text: of a type that is not simple, the class
    stands for it.
    """

    # Under the names that an SDK's span has.
    _events: SpanContents
    _parent: SpanContext | None
    _kind: SpanKind

    def is_recording(self) -> bool:
        """Return whether whoever asks is an instrumentation whose attributes make a breadcrumb."""
        asker = sys._getframe(1)
        module = asker.f_globals.get("__name__")
        if self._events.end_time is not None or type(module) is not str:
            return False
        if module == _API:
            # `use_span` asks once an exception leaves through the span.
            self._keep_leaving_exception(asker)
            return False
        return module.startswith(_INSTRUMENTATIONS) and not _is_changing_statement(asker)

    def end(self, end_time: int | None = None) -> None:
        """Leave the breadcrumb."""
        kept = self._events
        if kept.end_time is None:
            kept.end_time = end_time if type(end_time) is int else time_ns()
            kept.processor.end_unsampled(self)
            kept.exception = None

    def discard(self) -> None:
        """End without a breadcrumb."""
        self._events.end_time = 0

    def set_attribute(self, key: str, value: Any) -> None:
        """Keep an attribute."""
        kept = self._events
        if kept.end_time is None and type(key) is str:
            attributes = kept.attributes
            if len(attributes) < MAX_ATTRIBUTES or key in attributes:
                if is_small(value):
                    attributes[key] = value
                else:
                    kept.may_be_large = True
                    attributes[key] = copy_value(value)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Keep attributes."""
        for key, value in (copy_small(attributes) or copy_attributes(attributes)).items():
            self.set_attribute(key, value)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Keep an event."""
        kept = self._events
        if kept.end_time is None:
            at = timestamp if type(timestamp) is int else time_ns()
            event = RecordedEvent(copy_value(name), copy_attributes(attributes), at)
            kept.events = (*kept.events[1 - _MAX_EVENTS :], event)

    def update_name(self, name: str) -> None:
        """Keep another name."""
        if self._events.end_time is None:
            self._events.name = copy_value(name)
            self._events.may_be_large = True

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Keep a status: OK is final, and UNSET says nothing."""
        kept = self._events
        if kept.end_time is not None or kept.status.status_code is StatusCode.OK:
            return
        if isinstance(status, Status):
            kept.status = status if status.status_code is not StatusCode.UNSET else kept.status
        elif status is StatusCode.ERROR and type(description) is str:
            kept.status = Status(status, description)
        elif status is StatusCode.ERROR or status is StatusCode.OK:
            kept.status = Status(status)

    @guarded("an exception of a span that is sampled out was recorded")
    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: FBT001, FBT002 - as the API has it
    ) -> None:
        """Keep an exception's class, and its message if no code of the application's makes it."""
        kept = self._events
        if kept.end_time is not None or not isinstance(exception, BaseException):
            return
        said = {"exception.type": name_exception(exception), "exception.message": read_message(exception)}
        self.add_event(EVENT_NAME, said | copy_attributes(attributes), timestamp)
        if getattr(kept._otel_crumbs_branch, "root_context", None) is self._context:
            # The operation may fail with it; it is let go when the span ends.
            kept.exception = exception

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        """End; with the exception that leaves the block, if one does."""
        if exc_val is not None and self._events.end_time is None:
            self._fail(exc_val, record=self._events.records_exception, set_status=self._events.sets_status)
        super().__exit__(exc_type, exc_val, exc_tb)

    def __reduce__(self) -> tuple[type[NonRecordingSpan], tuple[SpanContext]]:
        """Copy and pickle as the `NonRecordingSpan` that it is for others."""
        return (NonRecordingSpan, (self._context,))

    @guarded("an exception left a span that is sampled out")
    def _keep_leaving_exception(self, asker: FrameType) -> None:
        error, arguments = sys.exc_info()[1], asker.f_locals
        if isinstance(error, BaseException) and arguments.get("span") is self:
            self._fail(error, record=arguments["record_exception"], set_status=arguments["set_status_on_exception"])

    def _fail(self, error: BaseException, *, record: bool, set_status: bool) -> None:
        if record:
            self.record_exception(error)
        if set_status:
            self.set_status(StatusCode.ERROR, f"{type(error).__name__}: {read_message(error)}")

    @property
    def context(self) -> SpanContext:
        """The span's context."""
        return self._context

    @property
    def name(self) -> str:
        """The span's name."""
        return self._events.name

    @property
    def kind(self) -> SpanKind:
        """The span's kind."""
        return self._kind

    @property
    def parent(self) -> SpanContext | None:
        """The context of the parent."""
        return self._parent

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The attributes that were kept."""
        return MappingProxyType(self._events.attributes)

    @property
    def events(self) -> tuple[RecordedEvent, ...]:
        """The events that were kept."""
        return self._events.events

    @property
    def links(self) -> tuple[Link, ...]:
        """Nothing, for no breadcrumb tells links."""
        return ()

    @property
    def status(self) -> Status:
        """The status."""
        return self._events.status

    @property
    def start_time(self) -> int:
        """When the span started, in nanoseconds."""
        return self._events.start_time

    @property
    def end_time(self) -> int | None:
        """When the span ended, in nanoseconds."""
        return self._events.end_time

    @property
    def resource(self) -> Resource:
        """The resource of the provider."""
        return self._events.tracer.resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope | None:
        """The scope of the tracer."""
        return self._events.tracer._instrumentation_scope


def _is_changing_statement(asker: FrameType) -> bool:
    """Return whether an instrumentation writes comments into SQL where a span is recording: a dropped span has none."""
    if asker.f_code.co_name not in _COMMENTERS:
        return False
    tracer = asker.f_locals.get("self")
    return bool(getattr(tracer, "_commenter_enabled", False) or getattr(tracer, "enable_commenter", False))
