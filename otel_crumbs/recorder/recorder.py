"""
The recorder of a process: hooks on the trails that write what happens into the process's recording.

The hooks take the place of functions of the package's own, so that nothing at all is
paid for where the recorder is off.
"""
# ruff: noqa: SLF001 - spans' properties cost more than what they return

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from time import time_ns
from typing import Any
from weakref import ref

from opentelemetry.sdk.trace import Span
from opentelemetry.trace import StatusCode

from otel_crumbs.base.fork import watch_forks
from otel_crumbs.base.guard import guarded, warn
from otel_crumbs.base.patching import Patch, Undo, combine, replace
from otel_crumbs.export.spool.private_folder import PrivateFolder, UnsafeFolderError
from otel_crumbs.sources.spans.processor import BreadcrumbSpanProcessor
from otel_crumbs.trails import Branch, Operation, current, operation

from . import layout
from .entry_texts import describe_entry, format_attributes
from .memory_kills import MemoryKills, find_memory_kills
from .recording import Recording
from .stacks_file import StacksFile

# Spans that are open at a time, as far as their ends are recorded.
_MAX_OPEN = 4096
_STATEMENTS = ("db.query.text", "db.statement")


class _OpenOperation:
    """An operation that is open, and its slot."""

    __slots__ = ("name", "offset", "span")

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.name: Any = None
        self.span: ref[Any] | None = None


class Recorder:
    """
    Records what this process does.

    Args:
        folder: The folder of all recordings.
        describe: Returns what is known of the process: its resource.

    """

    def __init__(self, folder: PrivateFolder, describe: Callable[[], Mapping[str, Any]]) -> None:
        self.folder = folder
        self._describe = describe
        self._recording: Recording | None = None
        self._stacks = StacksFile(folder)
        self._about: Mapping[str, Any] | None = None
        self._memory_kills = MemoryKills()
        self.aborts_on_timeout = False
        self._forget()

    def _forget(self) -> None:
        self._spans: dict[int, tuple[int, int, int]] = {}
        self._operations: dict[int, _OpenOperation] = {}
        self._free = deque(layout.OPERATIONS_AT + n * layout.SLOT_SIZE for n in range(layout.OPERATION_COUNT))

    @property
    def is_recording(self) -> bool:
        """Whether there is a file."""
        return self._recording is not None

    @property
    def has_work(self) -> bool:
        """Whether an operation or a span is in flight."""
        return bool(self._spans or self._operations)

    def install(self) -> Undo | None:
        """Record from now on; return the function that undoes it, None where there can be no file."""
        if not self._begin():
            return None
        watch_forks(self)
        return combine(
            self.end,
            replace(Branch, "append", self._make_append),
            replace(BreadcrumbSpanProcessor, "on_start", self._make_on_start),
            replace(BreadcrumbSpanProcessor, "on_end", self._make_on_end),
            replace(BreadcrumbSpanProcessor, "end_unsampled", self._make_on_end),
            replace(Span, "set_attributes", self._make_set_attributes),
            replace(type(current), "begin", self._make_begin),
            replace(operation, "_close", self._make_close),
        )

    def _begin(self) -> bool:
        try:
            self._memory_kills = find_memory_kills()
            self._recording = Recording(self.folder, oom_kills=self._memory_kills.number)
        except (OSError, ValueError, UnsafeFolderError) as error:
            warn("recorder", "otel_crumbs records nothing: %s. The application goes on without.", error)
            return False
        self._stacks.begin(self._recording.name)
        self._recording.mark(exit_status=None, aborts_on_timeout=self.aborts_on_timeout)
        self._write_about()
        return True

    def _write_about(self) -> None:
        if self._recording is not None and self._about is not None:
            path, inode, _ = self._memory_kills
            self._recording.describe({**self._about, "memory_kills": [path, inode]})

    def begin_fork(self) -> None:
        """Do nothing before a fork."""

    def finish_fork(self) -> None:
        """Go on in the parent."""

    def reset_after_fork(self) -> None:
        """Record into a file of its own, as a forked child must."""
        before, self._recording = self._recording, None
        if before is None:
            return
        self._forget()
        before.close()
        self._stacks.close()
        self._begin()

    def describe(self) -> None:
        """Write what is known of the process, as far as it is known now."""
        if self._recording is not None:
            self._about = guarded("a process was described")(self._describe)() or {}
            self._write_about()

    def renew_stacks(self) -> None:
        """Have the stacks written at SIGABRT, too, for which a handler was set just now."""
        guarded("the handler of crashes was renewed")(self._stacks.renew)()

    def expect_timeout(self) -> None:
        """Note that SIGABRT means that the server has lost its patience."""
        self.aborts_on_timeout = True
        if self._recording is not None:
            self._recording.mark(exit_status=None, aborts_on_timeout=True)

    def end(self) -> None:
        """Leave no file behind: the process ends well, or records no more."""
        recording, self._recording = self._recording, None
        if recording is not None:
            self._stacks.delete()
            recording.delete()

    def end_by_exit(self, status: int) -> None:
        """Leave a file behind if the process ends itself in the middle of work, with a failure."""
        if status and self.has_work and self._recording is not None:
            self._recording.mark(exit_status=status, aborts_on_timeout=self.aborts_on_timeout)
        else:
            self.end()

    def resume(self) -> None:
        """Begin again, for the process did not end."""
        if self._recording is None:
            self._forget()
            self._begin()

    def _make_append(self, original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def append(branch: Branch, entry: Any) -> None:
            original(branch, entry)
            recording = self._recording
            if recording is not None and patch.active:
                described = describe_entry(entry)
                if described is not None:
                    number = self._find_number(branch)
                    recording.write(entry[0], layout.NOTE, described[0], number, 0, branch._thread, described[1])

        return append

    def _find_number(self, branch: Branch) -> int:
        """Return the number of a branch's operation, whose own span may have got another name meanwhile."""
        working = branch.operation
        if working is None:
            return 0
        known = self._operations.get(working.number)
        if known is not None and known.span is not None:
            span = known.span()
            if span is not None and span._name is not known.name:
                self._write_operation(working, known, branch, span)
        return working.number

    def _make_begin(self, original: Callable[..., Branch], patch: Patch) -> Callable[..., Branch]:
        def begin(*args: Any) -> Branch:
            branch = original(*args)
            if patch.active and self._recording is not None:
                self._begin_operation(branch)
            return branch

        return begin

    @guarded("an operation was recorded")
    def _begin_operation(self, branch: Branch) -> None:
        if self._about is None:
            self.describe()
        if self._free and branch.operation is not None:
            known = self._operations[branch.operation.number] = _OpenOperation(self._free.popleft())
            self._write_operation(branch.operation, known, branch, None)

    def _write_operation(self, working: Operation, known: _OpenOperation, branch: Branch, span: Any) -> None:
        recording = self._recording
        if recording is None:
            return
        name, attributes = (working.name, "") if span is None else (span._name, format_attributes(_read(span)))
        known.name = name
        text = layout.PART.join([name or "", f"{working.trace_id:032x}", attributes])
        began, number, span_id = working.began_at, working.number, working.span_id
        recording.write(began, layout.OPERATION, 1, number, span_id, branch._thread, text, known.offset)

    def _end_operation(self, number: int, *, failed: bool) -> None:
        known = self._operations.pop(number, None)
        if known is not None and self._recording is not None:
            self._recording.end(known.offset, layout.FAILED if failed else layout.ENDED, time_ns())
            self._free.append(known.offset)

    def _make_close(self, original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def _close(block: Any, error: BaseException | None) -> None:
            opened = [each.block.branch.operation for each in block._opened]
            original(block, error)
            if patch.active:
                for working in opened:
                    if working is not None and working.ended:
                        self._end_operation(working.number, failed=error is not None)

        return _close

    def _make_on_start(self, original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def on_start(processor: Any, span: Any, parent_context: Any = None) -> None:
            original(processor, span, parent_context)
            if patch.active and self._recording is not None:
                self._start_span(span)

        return on_start

    @guarded("the start of a span was recorded")
    def _start_span(self, span: Any) -> None:
        branch = _find_branch(span)
        recording = self._recording
        if branch is None or recording is None:
            return
        working = branch.operation
        if working is not None and span._context is branch.root_context:
            known = self._operations.get(working.number)
            if known is not None:
                known.span = ref(span)
                self._write_operation(working, known, branch, span)
            return
        attributes = _read(span)
        number = self._find_number(branch)
        place = self._write_span(recording, span, branch, number, attributes)
        if len(self._spans) >= _MAX_OPEN:
            self._spans.clear()
        self._spans[span._context.span_id] = (*place, len(attributes))

    def _write_span(
        self, recording: Recording, span: Any, branch: Any, number: int, attributes: Mapping[str, Any], offset: int = 0
    ) -> tuple[int, int]:
        scope = _find_scope(span)
        words = format_attributes(attributes) if attributes else ""
        text = f"{_find_name(span)}{layout.PART}{branch.name or ''}{layout.PART}{scope}{layout.PART}{words}"
        started = span.start_time or 0
        return recording.write(started, layout.SPAN, 1, number, span._context.span_id, branch._thread, text, offset)

    def _make_on_end(self, original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def on_end(processor: Any, span: Any) -> None:
            if patch.active and self._recording is not None:
                self._end_span(span)
            original(processor, span)

        return on_end

    @guarded("the end of a span was recorded")
    def _end_span(self, span: Any) -> None:
        place, recording = self._spans.pop(span._context.span_id, None), self._recording
        if recording is None:
            return
        failed = span.status.status_code is StatusCode.ERROR
        branch = _find_branch(span)
        if place is None:
            if branch is not None and branch.operation is not None and span._context is branch.root_context:
                self._end_operation(branch.operation.number, failed=failed)
            return
        offset, sequence, known = place
        if not recording.is_at(offset, sequence):
            return
        attributes = _read(span)
        if branch is not None and len(attributes) != known:
            self._write_span(recording, span, branch, self._find_number(branch), attributes, offset)
        recording.end(offset, layout.FAILED if failed else layout.ENDED, span.end_time or time_ns())

    def _make_set_attributes(self, original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        def set_attributes(span: Any, attributes: Any) -> None:
            original(span, attributes)
            if patch.active and self._recording is not None and not attributes.keys().isdisjoint(_STATEMENTS):
                self._record_statement(span)

        return set_attributes

    @guarded("a statement was recorded")
    def _record_statement(self, span: Any) -> None:
        """Record the statement of a span that is in flight, for it is what hangs."""
        place, recording = self._spans.get(span._context.span_id), self._recording
        branch = _find_branch(span)
        if place is None or recording is None or branch is None or not recording.is_at(*place[:2]):
            return
        attributes = _read(span)
        number = branch.operation.number if branch.operation is not None else 0
        written = self._write_span(recording, span, branch, number, attributes, place[0])
        self._spans[span._context.span_id] = (*written, len(attributes))


def _find_branch(span: Any) -> Branch | None:
    branch = getattr(span._events, "_otel_crumbs_branch", None)
    return branch() if type(branch) is ref else branch


def _read(span: Any) -> Mapping[str, Any]:
    attributes = getattr(span, "_attributes", None)
    if attributes is None:
        attributes = span.attributes or {}
    return getattr(attributes, "_dict", attributes)  # type: ignore[no-any-return]  # the SDK's mapping is slow


def _find_name(span: Any) -> str:
    return str(getattr(span, "_name", None) or span.name)


def _find_scope(span: Any) -> str:
    scope = span.instrumentation_scope
    return scope.name if scope is not None else ""


def is_supported() -> bool:
    """Return whether the system has what a recording needs."""
    return hasattr(os, "geteuid") and os.open in os.supports_dir_fd
