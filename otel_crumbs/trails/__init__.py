"""The trails: bounded stores of entries, one for each place of execution."""

from __future__ import annotations

from .branch import Branch
from .breadcrumb import LEVELS, NOTABLE_LEVELS, Breadcrumb, format_rfc3339
from .current_branch import MAX_OPEN_SPANS, current
from .entry import KIND, Entry, EntryKind
from .exception_mark import ExceptionMark, exception_marks, iterate_chain, mark_exception, mark_of
from .operation import EndedOperation, Operation
from .operation_block import on_failure, operation
from .snapshot import Snapshot, take_snapshot

__all__ = [
    "KIND",
    "LEVELS",
    "MAX_OPEN_SPANS",
    "NOTABLE_LEVELS",
    "Branch",
    "Breadcrumb",
    "EndedOperation",
    "Entry",
    "EntryKind",
    "ExceptionMark",
    "Operation",
    "Snapshot",
    "current",
    "exception_marks",
    "format_rfc3339",
    "iterate_chain",
    "mark_exception",
    "mark_of",
    "on_failure",
    "operation",
    "take_snapshot",
]
