"""
The layout of a recording: a header, a table of the operations that are open, and slots of fixed size, used in turns.

A slot is written as a whole, with a checksum: what a process was writing when it was
killed is left out, and never shown in part. What may change later, whether the thing has
ended and when, lies in front of the checksummed part.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from struct import Struct
from typing import Any, NamedTuple

MAGIC = b"OTCRUMBS"
VERSION_OF_RECORDING = 1
SUFFIX = ".recording"
STACKS_SUFFIX = ".stacks"
# An empty file that is there while a start has left deaths to later ones: its time is that of the last report.
BACKLOG = ".backlog"

HEADER_SIZE, SLOT_SIZE, OPERATION_COUNT, SLOT_COUNT = 4096, 512, 32, 464
OPERATIONS_AT = HEADER_SIZE
SLOTS_AT = OPERATIONS_AT + OPERATION_COUNT * SLOT_SIZE
SIZE = SLOTS_AT + SLOT_COUNT * SLOT_SIZE

# Magic, version, process id, run id, when it began, the OOM kills of its cgroup then.
HEADER = Struct("<8sHI16sQq")
# Whoever finds the process that a kill was the death of counts it here for all others.
OOM_KILLS = Struct("<q")
OOM_KILLS_AT = HEADER.size - OOM_KILLS.size
# Of `os._exit`: one more than the status, 0 for none; whether SIGABRT means that the server lost its patience.
MARKS_AT, MARKS = 128, Struct("<IB")
# The length and the checksum of a JSON document.
ABOUT_AT, ABOUT = 256, Struct("<II")
MAX_ABOUT = HEADER_SIZE - ABOUT_AT - ABOUT.size

# Checksum, state, when it ended.
STATE = Struct("<IBQ")
# Sequence, time, kind, level, operation, span, thread, length of the text.
BODY = Struct("<QQBBIQQH")
BODY_AT = 16
MAX_TEXT = SLOT_SIZE - BODY_AT - BODY.size

OPEN, ENDED, FAILED = range(3)
NOTE, SPAN, OPERATION = range(1, 4)
# Between the parts of a text, and inside one of them.
PART, ITEM, VALUE = "\x1f", "\x1e", "\x1d"


class Slot(NamedTuple):
    """A slot that was read."""

    sequence: int
    time: int
    kind: int
    level: int
    operation: int
    span: int
    thread: int
    parts: tuple[str, ...]
    state: int
    ended: int


class Header(NamedTuple):
    """The header of a recording."""

    pid: int
    run_id: str
    began_at: int
    oom_kills: int
    exit_status: int | None
    aborts_on_timeout: bool
    about: Mapping[str, Any]


def unpack_header(data: bytes) -> Header:
    """
    Return the header of a file's first bytes.

    Raises:
        ValueError: If they are no recording, or one of a later release.

    """
    if len(data) < HEADER_SIZE or data[:8] != MAGIC:
        raise ValueError("it is no recording of otel_crumbs, or was cut")
    _, version, pid, run_id, began_at, oom_kills = HEADER.unpack_from(data)
    if version != VERSION_OF_RECORDING:
        raise ValueError(f"its version is {version}, not {VERSION_OF_RECORDING}")
    status, aborts = MARKS.unpack_from(data, MARKS_AT)
    length, checksum = ABOUT.unpack_from(data, ABOUT_AT)
    words = data[ABOUT_AT + ABOUT.size :][: min(length, MAX_ABOUT)]
    about = _read_about(words) if zlib.crc32(words) == checksum and words else {}
    return Header(pid, run_id.hex(), began_at, oom_kills, status - 1 if status else None, bool(aborts), about)


def _read_about(words: bytes) -> Mapping[str, Any]:
    try:
        about = json.loads(words)
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict):
        raise ValueError("its description of the process is no JSON object")  # noqa: TRY004 - of a file
    return about


def unpack_slot(data: bytes, offset: int) -> Slot | None:
    """Return a slot, None where it is empty or was being written."""
    checksum, state, ended = STATE.unpack_from(data, offset)
    sequence, time, kind, level, operation, span, thread, length = BODY.unpack_from(data, offset + BODY_AT)
    body = data[offset + BODY_AT : offset + BODY_AT + BODY.size + min(length, MAX_TEXT)]
    if not sequence or zlib.crc32(body) != checksum:
        return None
    parts = tuple(body[BODY.size :].decode("utf-8", "ignore").split(PART))
    return Slot(sequence, time, kind, level, operation, span, thread, parts, min(state, FAILED), ended)
