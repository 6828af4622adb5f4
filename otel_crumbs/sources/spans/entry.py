"""The entry of a span: its references, and how it is rendered."""
# ruff: noqa: SLF001 - the properties of spans cost more than what they return

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, format_span_id

from otel_crumbs.base.exceptions import EVENT_NAME, find_exception_event, format_title
from otel_crumbs.base.late_names import LateFunction
from otel_crumbs.base.plain import MAX_MESSAGE, cut_text, is_plain, to_plain, to_plain_mapping, to_text
from otel_crumbs.trails import MAX_OPEN_SPANS, Branch, Breadcrumb, Entry, EntryKind, OpenSpans, entry_makers

from .large_values import cut_attributes, cut_events, cut_status, has_large_values
from .redirects import redirects_of
from .unsampled_span import UnsampledSpan

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Event, Span
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Status

    from otel_crumbs.sources.rules.database_errors import is_database_exception, remove_values
    from otel_crumbs.sources.rules.facts import SpanFacts
    from otel_crumbs.sources.rules.feature_flags import describe_evaluation
    from otel_crumbs.sources.rules.table import describe
else:
    is_database_exception = LateFunction("otel_crumbs.sources.rules.database_errors", "is_database_exception")
    remove_values = LateFunction("otel_crumbs.sources.rules.database_errors", "remove_values")
    SpanFacts = LateFunction("otel_crumbs.sources.rules.facts", "SpanFacts")
    describe_evaluation = LateFunction("otel_crumbs.sources.rules.feature_flags", "describe_evaluation")
    describe = LateFunction("otel_crumbs.sources.rules.table", "describe")

FEATURE_FLAG = "feature_flag"

_MS = 1e6
_ASGI_EVENT = "asgi.event.type"
_SECOND_MS, _FINE_MS = 1000, 10
_WORDS_OF_EVENT, _LONGEST_WORD = 4, 60
# The attributes in which authors of events put a message.
_OWN_WORDS = ("message", "event.message", "log.message")


# What was found out about a span when it ended: an inner span describes its exception; its values are to be cut.
DESCRIBED, LARGE = 1, 2


class SpanEntry(NamedTuple):
    """The references to a span; the first five are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    scope: InstrumentationScope | None
    name: str
    attributes: Mapping[str, Any]
    events: Sequence[Event] | None
    status: Status
    end_time: int | None
    context: SpanContext
    described: bool


def render_ended(entry: Entry) -> Iterable[Breadcrumb]:
    """Render a span that has ended, and its events."""
    kept = SpanEntry._make(entry)
    took_ms = ((kept.end_time or kept.timestamp) - kept.timestamp) / _MS
    return _render(kept, took_ms, in_flight=False)


def render_in_flight(entry: Entry) -> Iterable[Breadcrumb]:
    """Render a span that was open when the error was captured, and the events it had."""
    kept = SpanEntry._make(entry)
    took_ms = ((kept.end_time or kept.timestamp) - kept.timestamp) / _MS
    return _render(kept, took_ms, in_flight=True)


def render_root(entry: Entry) -> Iterable[Breadcrumb]:
    """Render the events of an operation's own span: the span itself is the context."""
    return _render_events(SpanEntry._make(entry), exceptions=True)


def capture_open_span(branch: Branch, span: Span) -> Entry | None:
    """Return an entry for a span that is open, as it is now; None for a root span without events."""
    is_root = span.context is branch.root_context
    if is_root and not span.events:
        return None
    made = SpanEntry(
        timestamp=span.start_time or 0,
        notable=True,
        branch=branch.name,
        kind=ROOT_SPAN if is_root else SPAN_IN_FLIGHT,
        scope=span.instrumentation_scope,
        name=span.name,
        attributes=dict(span.attributes or {}),
        events=span.events or None,
        status=span.status,
        end_time=time.time_ns(),
        context=span.context,
        described=False,
    )
    large = has_large_values(made.name, made.attributes, made.events or (), made.status)
    return cut_entry(made) if large else made


# A scope is an instrumentation, and nearly all of its spans are of one category.
_category_of_scope: dict[str, str] = {}
_MAX_SCOPES = 1000
_SCOPE = SpanEntry._fields.index("scope")


def _find_category(entry: Entry) -> str:
    scope = entry[_SCOPE]
    name = scope.name if scope else ""
    category = _category_of_scope.get(name)
    if category is None:
        category = next((breadcrumb.category for breadcrumb in render_ended(entry)), "span")
        if len(_category_of_scope) < _MAX_SCOPES:
            _category_of_scope[name] = category
    return category


def forget_categories() -> None:
    """Forget which category the spans of each scope have."""
    _category_of_scope.clear()


SPAN = EntryKind(render=render_ended, name_category=_find_category, capture_open=capture_open_span)
SPAN_IN_FLIGHT = EntryKind(render=render_in_flight, name_category=_find_category)
ROOT_SPAN = EntryKind(render=render_root, name_category=lambda _: "span")


def make_entry(span: ReadableSpan, branch: str | None = None, *, described: bool = False) -> Entry:
    """Return the entry of a span that has ended; *branch* is the branch's name."""
    status, events = span._status, span._events
    return (
        span._start_time,
        status.status_code is StatusCode.ERROR,
        branch,
        SPAN,
        span._instrumentation_scope,
        span._name,
        span._attributes,
        events or None,
        status,
        span._end_time,
        span._context,
        described,
    )


def make_entry_of_unsampled(span: UnsampledSpan, branch: str | None = None, *, described: bool = False) -> Entry:
    """Return the entry of a span that a sampler dropped and that has ended; *branch* is the branch's name."""
    kept = span._events
    return (
        kept.start_time,
        kept.status.status_code is StatusCode.ERROR,
        branch,
        SPAN,
        kept.tracer._instrumentation_scope,
        kept.name,
        kept.attributes,
        kept.events or None,
        kept.status,
        kept.end_time,
        span._context,
        described,
    )


def is_large(span: ReadableSpan | UnsampledSpan) -> bool:
    """Return whether the entry of a span that has ended is one to cut."""
    if type(span) is UnsampledSpan:
        kept = span._events
        return has_large_values(kept.name, kept.attributes, kept.events, kept.status)
    return has_large_values(span._name, read_attributes(span), span._events._dq, span._status)  # type: ignore[attr-defined]  # as the SDK fills them


def cut_entry(made: Entry) -> Entry:
    """Return the entry of a span with large values cut; the span itself stays as it is."""
    kept = SpanEntry._make(made)
    return tuple(
        kept._replace(
            name=cut_text(str(kept.name)),
            attributes=cut_attributes(kept.attributes),
            events=cut_events(kept.events) if kept.events else None,  # type: ignore[arg-type]  # what is read of events
            status=cut_status(kept.status),
        )
    )


class OpenSpanTable(OpenSpans):
    """The open spans of a branch: OpenTelemetry's, and those that were sampled out."""

    __slots__ = ()

    kind = SPAN


def keep_open(span: Any, branch: Branch) -> None:
    """Have a span be one of the open spans of a branch, which lives as long as the span is open."""
    events = span._events
    events._otel_crumbs_branch = branch
    opened = branch.open_spans
    if opened is None:
        opened = branch.open_spans = OpenSpanTable()
    opened[events] = ref(span)
    if len(opened) > MAX_OPEN_SPANS:
        opened.make_room()


def _settle_span(span: ReadableSpan | UnsampledSpan) -> Entry | None:
    """Return the entry of a span that no table of open spans has; None where it is open, or none of interest."""
    events: Any = span._events
    if span.end_time is None:
        branch = events._otel_crumbs_branch
        if type(branch) is ref:
            branch = branch()
        if branch is not None:
            keep_open(span, branch)
        return None
    if is_noise(span):
        return None
    found = getattr(events, "_otel_crumbs_found", 0)
    described = bool(found & DESCRIBED)
    if type(span) is UnsampledSpan:
        made = make_entry_of_unsampled(span, described=described)
    else:
        made = make_entry(span, described=described)
    return cut_entry(made) if found & LARGE else made


def is_noise(span: ReadableSpan | UnsampledSpan) -> bool:
    """Return whether a span is one of the thousands that a streamed answer has, each of which would push one out."""
    return span._kind is SpanKind.INTERNAL and _ASGI_EVENT in read_attributes(span)


def read_attributes(span: ReadableSpan | UnsampledSpan) -> Mapping[str, Any]:
    """Return the attributes of a span themselves: the SDK's mapping around them is Python's, call by call."""
    return span._events.attributes if type(span) is UnsampledSpan else span._attributes._dict  # type: ignore[union-attr]  # as the SDK fills them


entry_makers[ReadableSpan] = entry_makers[UnsampledSpan] = _settle_span


def format_duration(milliseconds: float) -> str:
    """Return a duration as people say it: ``4.1 ms``, ``120 ms``, ``3.0 s``."""
    if milliseconds >= _SECOND_MS:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.1f} ms" if milliseconds < _FINE_MS else f"{milliseconds:.0f} ms"


def _render(kept: SpanEntry, took_ms: float, *, in_flight: bool) -> Iterator[Breadcrumb]:
    recorded = find_exception_event(kept.events) if kept.events else None
    name = _find_error_name(kept, recorded)
    error = kept.status.description or name if recorded is None else format_title(name or "", _find_message(recorded))
    facts = SpanFacts(
        name=str(to_plain(kept.name)),
        scope=kept.scope.name if kept.scope else "",
        attributes=_copy_attributes(kept.attributes),
        failed=kept.status.status_code is StatusCode.ERROR,
        error=name,
        took=None if in_flight else format_duration(took_ms),
        said=error,
        redirects=redirects_of(kept.context.span_id),
    )
    description = describe(facts)
    if description is None:
        return
    data = {key: value for key, value in description.data.items() if value is not None}
    if not is_plain(data):
        # An attribute's name is a text, though perhaps of a class of its own.
        data = {to_text(str.__str__(key)): to_plain(value) for key, value in data.items()}
    data["duration_ms"] = took_ms = round(took_ms, 3)
    if error:
        data.setdefault("error", to_text(error))
    message = f"{description.message} (in flight for {format_duration(took_ms)})" if in_flight else description.message
    yield Breadcrumb(
        timestamp=kept.timestamp,
        type=description.type,
        category=description.category,
        level=description.level,
        message=to_text(message, MAX_MESSAGE),
        data=data,
        span_id=format_span_id(kept.context.span_id),
        duration_ms=took_ms,
        branch=kept.branch,
        in_flight=in_flight,
    )
    if kept.events:
        # The exception of a call to another service is part of the call's breadcrumb.
        yield from _render_events(kept, exceptions=description.category == "span")


def _render_events(kept: SpanEntry, *, exceptions: bool) -> Iterator[Breadcrumb]:
    for event in tuple(kept.events or ()):
        if event.name != EVENT_NAME:
            yield _render_event(kept, event)
        elif exceptions and not kept.described:
            yield _render_exception(kept, event)


def _render_event(kept: SpanEntry, event: Event) -> Breadcrumb:
    name, attributes = str(to_plain(event.name)), to_plain_mapping(event.attributes or {})
    evaluation = describe_evaluation(name, attributes)
    return Breadcrumb(
        timestamp=event.timestamp,
        category=FEATURE_FLAG if evaluation else name,
        message=to_text(evaluation or format_words(name, attributes), MAX_MESSAGE),
        data=attributes,
        span_id=format_span_id(kept.context.span_id),
        branch=kept.branch,
    )


def format_words(name: str, attributes: Mapping[str, Any]) -> str:
    """Return an event's name and its own words, or a few of its attributes."""
    for key in _OWN_WORDS:
        said = attributes.get(key)
        if isinstance(said, str) and said:
            return f"{name}: {said}"
    found = [f"{key}={value}" for key, value in attributes.items() if _is_short(value)]
    return " ".join([name, *found[:_WORDS_OF_EVENT]])


def _is_short(value: object) -> bool:
    return isinstance(value, str | int | float) and len(str(value)) <= _LONGEST_WORD


def _render_exception(kept: SpanEntry, event: Event) -> Breadcrumb:
    attributes = event.attributes or {}
    kind = str(attributes.get("exception.type") or "Exception")
    return Breadcrumb(
        timestamp=event.timestamp,
        type="error",
        category=EVENT_NAME,
        level="error",
        message=to_text(format_title(kind, _find_message(attributes)), MAX_MESSAGE),
        data={"type": to_text(kind), "handled": True, "span": str(to_plain(kept.name))},
        span_id=format_span_id(kept.context.span_id),
        branch=kept.branch,
    )


def _copy_attributes(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a dictionary of attributes, which rules read often: the SDK's mapping is Python's, call by call."""
    copy = getattr(attributes, "copy", None)
    copied = copy() if callable(copy) else attributes
    return copied if type(copied) is dict else dict(attributes)


def _find_error_name(kept: SpanEntry, recorded: Mapping[str, Any] | None) -> str | None:
    kind = str((recorded or kept.attributes).get("exception.type" if recorded else "error.type") or "")
    return None if kind.isdigit() else kind.rpartition(".")[2] or None


def _find_message(exception: Mapping[str, Any]) -> str:
    """Return the message of a recorded exception, a database's without the values that it quotes."""
    message = str(exception.get("exception.message") or "")
    if is_database_exception(str(exception.get("exception.type"))):
        return remove_values(message) or ""
    return message
