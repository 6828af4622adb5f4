"""
The capture of an error in the application's thread, of all that would change or go away.

That is the traceback, the entries of the trail and the ids; `Builder.build`
makes the event of them in the worker of an exporter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from opentelemetry.trace import SpanContext, get_current_span

from otel_crumbs.base.mechanisms import ELSEWHERE
from otel_crumbs.trails import Branch, Snapshot, View, current, find_context_attributes, take_snapshot

from .model import ExceptionInfo
from .stack import CapturedExceptions, read_exceptions


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedError:
    """An error as it was captured, not rendered yet; the fields have the meanings of `ErrorEvent`'s."""

    event_id: str
    timestamp: int
    fatal: bool
    handled: bool
    mechanism: str
    exceptions: CapturedExceptions
    operation: str | None
    span_context: SpanContext | None
    thread: str
    trail: Snapshot
    attributes: Mapping[str, Any]
    context: Mapping[str, Any] = field(default_factory=dict)
    held_back: int = 0
    # Of a process that has died; None for the resource of this one.
    resource: Mapping[str, Any] | None = None


def capture_error(
    error: BaseException,
    *,
    views: Sequence[View] = (),
    span_context: SpanContext | None = None,
    mechanism: str,
    handled: bool,
    fatal: bool = False,
    message: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    with_locals: bool = False,
    timestamp: int | None = None,
) -> CapturedError:
    """
    Capture an exception with its trail, right now.

    Args:
        error: The exception.
        views: The trail, its own branch's first; that of the code that runs here by default.
        span_context: The span that it came from; the current one by default.
        mechanism: What noticed it.
        handled: Whether the application dealt with it.
        fatal: Whether it ends the process.
        message: Its text where it was asked for it before.
        attributes: Tell which work failed; those of its operation come first.
        with_locals: Whether the variables of the application's frames are captured.
        timestamp: When it was noticed, in nanoseconds since the epoch; now by default.

    """
    return _capture(
        read_exceptions(error, message, with_locals=with_locals),
        views=views or (View(current.find_branch()),),
        span_context=span_context or _find_span_context(),
        mechanism=mechanism,
        handled=handled,
        fatal=fatal,
        attributes=attributes,
        error=error,
        timestamp=timestamp,
    )


def capture_recorded(
    info: ExceptionInfo,
    stacktrace: str,
    *,
    branch: Branch,
    span_context: SpanContext | None,
    mechanism: str,
    handled: bool = False,
    timestamp: int | None = None,
) -> CapturedError:
    """Capture an exception of which only the text is left, or a failure that no exception led to."""
    return _capture(
        CapturedExceptions(infos=(info,), stacktrace=stacktrace),
        views=(View(branch),),
        span_context=span_context,
        mechanism=mechanism,
        handled=handled,
        fatal=False,
        timestamp=timestamp,
    )


def _capture(
    exceptions: CapturedExceptions,
    *,
    views: Sequence[View],
    span_context: SpanContext | None,
    mechanism: str,
    handled: bool,
    fatal: bool,
    attributes: Mapping[str, Any] | None = None,
    error: BaseException | None = None,
    timestamp: int | None = None,
) -> CapturedError:
    # The operation in which it happened, or that of an error that led to it.
    branch = next((view.branch for view in views if view.branch.operation is not None), views[0].branch)
    root_span = _find_root_span(branch)
    return CapturedError(
        event_id=uuid4().hex,
        timestamp=time.time_ns() if timestamp is None else timestamp,
        fatal=fatal,
        handled=handled,
        mechanism=mechanism,
        exceptions=exceptions,
        operation=_find_operation_name(branch, root_span),
        span_context=span_context,
        thread=threading.current_thread().name,
        trail=take_snapshot(*views),
        attributes={**(attributes or {}), **_find_attributes(branch, root_span)},
        context=find_context_attributes(branch, error, is_elsewhere=mechanism in ELSEWHERE),
    )


def _find_operation_name(branch: Branch, root_span: Any | None) -> str | None:
    operation = branch.operation
    if operation is None or operation.name is not None:
        return operation.name if operation else None
    return root_span.name if root_span is not None else None


def _find_attributes(branch: Branch, root_span: Any | None) -> Mapping[str, Any]:
    """Return a copy of the attributes of the operation's own span, for it may get more."""
    if branch.operation is None:
        return {}
    attributes = branch.operation.attributes
    if attributes is None and root_span is not None:
        attributes = root_span.attributes
    return dict(attributes or {})


def _find_root_span(branch: Branch) -> Any | None:
    operation = branch.operation
    if operation is None or not operation.span_id:
        return None
    return branch.root.find_open_span(operation.span_id)


def _find_span_context() -> SpanContext | None:
    span_context = get_current_span().get_span_context()
    return span_context if span_context.is_valid else None
