"""The trails: bounded stores of entries, one for each place of execution."""

from __future__ import annotations

from . import runner
from .branch import Branch, find_branch_with_open, iterate_branches
from .breadcrumb import LEVELS, NOTABLE_LEVELS, Breadcrumb, format_rfc3339
from .context_attributes import RESERVED
from .context_block import context, find_context_attributes, open_contexts, remember_context
from .current_branch import current, get_context, get_operation_branch
from .entry import CATEGORY, KIND, NOTABLE, TIMESTAMP, Entry, EntryKind, entry_makers, is_entry
from .exception_mark import ExceptionMark, exception_marks, iterate_chain, mark_exception, mark_of, on_report
from .open_spans import MAX_OPEN_SPANS, OpenSpans
from .operation import MAX_REPORTED, EndedOperation, EndedSpan, Operation
from .operation_block import on_failure, on_opened, operation
from .ring import CHUNK
from .snapshot import Snapshot, View, find_views, take_snapshot

__all__ = [
    "CATEGORY",
    "CHUNK",
    "KIND",
    "LEVELS",
    "MAX_OPEN_SPANS",
    "MAX_REPORTED",
    "NOTABLE",
    "NOTABLE_LEVELS",
    "RESERVED",
    "TIMESTAMP",
    "Branch",
    "Breadcrumb",
    "EndedOperation",
    "EndedSpan",
    "Entry",
    "EntryKind",
    "ExceptionMark",
    "OpenSpans",
    "Operation",
    "Snapshot",
    "View",
    "context",
    "current",
    "entry_makers",
    "exception_marks",
    "find_branch_with_open",
    "find_context_attributes",
    "find_views",
    "format_rfc3339",
    "get_context",
    "get_operation_branch",
    "is_entry",
    "iterate_branches",
    "iterate_chain",
    "mark_exception",
    "mark_of",
    "on_failure",
    "on_opened",
    "on_report",
    "open_contexts",
    "operation",
    "remember_context",
    "runner",
    "take_snapshot",
]
