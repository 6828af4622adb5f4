"""
The builder of error events, which runs in the worker of an exporter.

It does what takes time: rendering, scrubbing, the user's hooks and trimming.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.base.exceptions import format_title
from otel_crumbs.base.guard import warn
from otel_crumbs.base.mechanisms import ANSWER, CRASH
from otel_crumbs.base.memo import map_shared
from otel_crumbs.base.plain import MAX_MESSAGE, to_plain, to_text
from otel_crumbs.trails import Breadcrumb

from .attributes import find_request_attributes
from .captured import CapturedError
from .copies import copy_breadcrumb
from .fingerprint import make_fingerprint
from .hook_results import normalise, normalise_breadcrumb, to_line
from .model import APP_CRASH, EXCEPTION, ErrorEvent, ExceptionInfo, Frame
from .rendering import Deduplicate, keep_duplicates, render_snapshot
from .scrub import Scrubber
from .scrubbing.marks import count_marks
from .source_lines import add_source_lines, format_source, read_line
from .trim import trim_event

BeforeBreadcrumb = Callable[[Breadcrumb], Breadcrumb | None]
BeforeSend = Callable[[ErrorEvent], ErrorEvent | None]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """
    Makes error events of captured errors.

    Args:
        scrubber: Takes out secrets.
        with_client: Whether the address of a request's client is told.
        max_bytes: What an event may weigh at most as JSON; exporters see to what they send themselves.
        before_breadcrumb: The user's hook for each breadcrumb; None leaves it out.
        before_send: The user's hook for the event; None drops it.
        deduplicate: Leaves out breadcrumbs that repeat another source's.
        resource: Where to ask for the application's resource attributes.
        with_lines: Whether frames have the source around their lines, which the exporters of trackers send.

    """

    scrubber: Scrubber = field(default_factory=Scrubber)
    with_client: bool = False
    max_bytes: int = DEFAULT_MAX_EVENT_BYTES
    before_breadcrumb: BeforeBreadcrumb | None = None
    before_send: BeforeSend | None = None
    deduplicate: Deduplicate = keep_duplicates
    resource: Callable[[], Mapping[str, Any]] = dict
    with_lines: bool = False

    def build(self, captured: CapturedError) -> ErrorEvent | None:
        """Return the event, None where the user's hook does not want it sent."""
        rendered, dropped = render_snapshot(captured.trail, self.deduplicate)
        exceptions = captured.exceptions.read()
        others = [item for item in rendered if item.type != "error" or not _is_itself(item, exceptions[0])]
        span_context, operation = captured.span_context, self._scrub_line(captured.operation)
        said = self.scrubber.scrub_mapping(captured.context)
        types = [to_text(info.type) for info in exceptions]
        event = ErrorEvent(
            event_id=captured.event_id,
            timestamp=captured.timestamp,
            fatal=captured.fatal,
            handled=captured.handled,
            mechanism=captured.mechanism,
            exceptions=self._scrub_exceptions(exceptions, types, local=captured.exceptions.local),
            stacktrace=self.scrubber.scrub_error(_format_stacktrace(captured, exceptions), types),
            operation=operation,
            trace_id=span_context.trace_id if span_context else 0,
            span_id=span_context.span_id if span_context else 0,
            trace_flags=int(span_context.trace_flags) if span_context else 0,
            thread=self._scrub_line(captured.thread),
            breadcrumbs=self.finish_breadcrumbs(others),
            dropped=dropped.total(),
            dropped_by_category=self._name_dropped(dropped),
            resource=self.scrubber.scrub_mapping(
                {str(to_plain(key)): to_plain(value) for key, value in _find_resource(captured, self.resource).items()}
            ),
            held_back=captured.held_back,
            name=APP_CRASH if captured.mechanism == CRASH else EXCEPTION,
            attributes={**self._scrub_attributes(captured.attributes), **said},
            context=tuple(said),
            source=self.scrubber.scrub_text(format_source(exceptions[0].frames) if captured.exceptions.local else ""),
            fingerprint=make_fingerprint(exceptions[0], operation, captured.mechanism),
        )
        event = replace(event, scrubbed=_count_scrubbed(event, others, exceptions))
        sent = self._ask_before_send(event)
        return None if sent is None else trim_event(sent, self.max_bytes)

    def show_breadcrumbs(self, rendered: Sequence[Breadcrumb]) -> tuple[Breadcrumb, ...]:
        """Return breadcrumbs as an event would have them, for the application to keep."""
        return tuple(map(copy_breadcrumb, self.finish_breadcrumbs(rendered)))

    def finish_breadcrumbs(self, rendered: Sequence[Breadcrumb]) -> tuple[Breadcrumb, ...]:
        """Return breadcrumbs, scrubbed and changed by the user's hook; other events may share them."""
        scrubbed = map_shared(self.scrubber.scrub_breadcrumbs, rendered)
        if (hook := self.before_breadcrumb) is None:
            return tuple(scrubbed)
        asked = (_ask_before_breadcrumb(hook, breadcrumb) for breadcrumb in scrubbed)
        return tuple(breadcrumb for breadcrumb in asked if breadcrumb is not None)

    def _scrub_attributes(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.scrubber.scrub_mapping(find_request_attributes(attributes, with_client=self.with_client))

    def _name_dropped(self, dropped: Mapping[str, int]) -> dict[str, int]:
        """Return how many breadcrumbs had no room, by the names of categories as the others of the event have them."""
        counts = Counter[str]()
        for name, count in dropped.items():
            counts[self.scrubber.scrub_text(to_text(name))] += count
        return dict(counts)

    def _scrub_line(self, text: Any) -> str | None:
        # What an application names may be no text at all, and is one only then.
        line = to_line(text)
        return None if line is None else self.scrubber.scrub_text(line)

    def _scrub_exceptions(
        self, exceptions: Sequence[ExceptionInfo], types: Sequence[str], *, local: bool
    ) -> tuple[ExceptionInfo, ...]:
        if self.with_lines and local:
            # The files are found by their paths as they are.
            exceptions = add_source_lines(exceptions, self.scrubber.scrub_text)
        return tuple(self._scrub_exception(info, types, local=local) for info in exceptions)

    def _scrub_exception(self, info: ExceptionInfo, types: Sequence[str], *, local: bool) -> ExceptionInfo:
        return replace(
            info,
            type=self.scrubber.scrub_text(to_text(info.type)),
            message=self.scrubber.scrub_error(to_text(info.message, MAX_MESSAGE), types),
            notes=tuple(self.scrubber.scrub_error(note, types) for note in info.notes),
            frames=tuple(self._scrub_frame(frame, local=local) for frame in info.frames),
        )

    def _scrub_frame(self, frame: Frame, *, local: bool) -> Frame:
        if frame.locals is not None:
            frame = replace(frame, locals=self.scrubber.scrub_mapping(frame.locals))
        if self.scrubber.changes_paths:
            frame = self._scrub_path(frame, local=local)
        if frame.source is None or self.scrubber.is_harmless(frame.source):
            return frame
        return replace(frame, source=self.scrubber.scrub_text(frame.source))

    def _scrub_path(self, frame: Frame, *, local: bool) -> Frame:
        path = self.scrubber.scrub_text(frame.path)
        if path == frame.path:
            return frame
        # Nobody finds the file by this path again.
        source = read_line(frame.path, frame.line) if local and frame.source is None else frame.source
        return replace(frame, path=path, source=source)

    def _ask_before_send(self, event: ErrorEvent) -> ErrorEvent | None:
        if self.before_send is None:
            return event
        copies = tuple(copy_breadcrumb(breadcrumb) for breadcrumb in event.breadcrumbs)
        originals = dict(zip(map(id, copies), event.breadcrumbs, strict=True))
        normalised = partial(normalise, otherwise=event, originals=originals)
        return _ask_hook(
            "before_send", self.before_send, replace(event, breadcrumbs=copies), normalised, otherwise=event
        )


def _ask_before_breadcrumb(hook: BeforeBreadcrumb, breadcrumb: Breadcrumb) -> Breadcrumb | None:
    given = copy_breadcrumb(breadcrumb)
    normalised = partial(normalise_breadcrumb, originals={id(given): breadcrumb})
    return _ask_hook("before_breadcrumb", hook, given, normalised, otherwise=breadcrumb)


def _find_resource(captured: CapturedError, find: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    return find() if captured.resource is None else captured.resource


def _count_scrubbed(
    event: ErrorEvent, rendered: Iterable[Breadcrumb], exceptions: Iterable[ExceptionInfo]
) -> Mapping[str, int]:
    """Return how many secrets of each kind are out, which only what is not as it was rendered and read can tell."""
    as_they_were = set(map(id, rendered))
    changed = (item for item in event.breadcrumbs if id(item) not in as_they_were)
    infos = event.exceptions
    both = zip(infos, exceptions, strict=True)
    frames = (pair for info, read in both for pair in zip(info.frames, read.frames, strict=True))
    return count_marks(
        [
            *(value for item in changed for value in (item.message, item.category, item.branch, item.data)),
            *(value for info in infos for value in (info.type, info.message, info.notes)),
            *(
                value
                for frame, read in frames
                if frame is not read
                for value in (frame.path, frame.source, frame.locals)
            ),
            *(event.operation, event.thread, event.attributes, event.resource),
        ]
    )


def _format_stacktrace(captured: CapturedError, exceptions: tuple[ExceptionInfo, ...]) -> str:
    # An answer has no traceback, not even an empty one.
    return "" if captured.mechanism == ANSWER else captured.exceptions.format(exceptions)


def _is_itself(breadcrumb: Breadcrumb, info: ExceptionInfo) -> bool:
    """Return whether the breadcrumb of an error is the span's record of the very exception that is reported."""
    title = format_title(info.type, info.message)[:MAX_MESSAGE]
    return breadcrumb.category == "exception" and breadcrumb.message == title


def _ask_hook(name: str, hook: Callable[[T], Any], given: T, normalised: Callable[[T], T], *, otherwise: T) -> T | None:
    kind = type(given)
    try:
        result = hook(given)
        if result is None:
            return None
        if isinstance(result, kind):
            return normalised(result)
    except BaseException as error:
        # The application's own code runs here.
        if is_thrown_in(error):
            raise
        warn(name, "The %s hook raised %r; the %s is sent as it was.", name, error, kind.__name__)
        return otherwise
    warn(name, "The %s hook must return a %s or None, not %r; it is sent as it was.", name, kind.__name__, result)
    return otherwise
