"""
The file into which one process writes its last breadcrumbs.

It is mapped into memory, so that the system has what was written whatever becomes of
the process. All of it is allocated first: a disk that is full under a mapping would be
SIGBUS. The lock on it goes when the process does.
"""

from __future__ import annotations

import json
import mmap
import os
import secrets
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any

from otel_crumbs.export.spool.file_lock import lock_descriptor
from otel_crumbs.export.spool.private_folder import PrivateFolder

from . import layout
from .layout import BODY, BODY_AT, MAX_TEXT, SLOT_COUNT, SLOT_SIZE, SLOTS_AT, STATE

_pack_body, _pack_state = BODY.pack, STATE.pack_into
_crc32 = zlib.crc32


class Recording:
    """
    The file of this process, open and locked.

    Args:
        folder: The folder of all recordings.
        oom_kills: How many processes of the cgroup were killed for want of memory until now, -1 if unknown.

    Raises:
        OSError: If there is no such file to be had.
        UnsafeFolderError: If other users have access to the folder.

    """

    def __init__(self, folder: PrivateFolder, *, oom_kills: int = -1) -> None:
        # Names in the order of their beginnings need no look at the files.
        run_id = (time.time_ns() // 1_000_000).to_bytes(6, "big") + secrets.token_bytes(10)
        self.name = f"{os.getpid()}-{run_id.hex()}{layout.SUFFIX}"
        self._folder = folder
        self._pid = os.getpid()
        self._next = count(1).__next__
        unfinished = f".{self.name}"
        with folder.open(create=True) as opened:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
            file = os.open(unfinished, flags, 0o600, dir_fd=opened)
            try:
                lock_descriptor(file)
                _allocate(file)
                self._map = mmap.mmap(file, layout.SIZE)
                header = (layout.MAGIC, layout.VERSION_OF_RECORDING, self._pid, run_id, time.time_ns(), oom_kills)
                layout.HEADER.pack_into(self._map, 0, *header)
                os.rename(unfinished, self.name, src_dir_fd=opened, dst_dir_fd=opened)
            except BaseException:
                os.close(file)
                with suppress(OSError):
                    os.unlink(unfinished, dir_fd=opened)
                raise
        self._files = [file]

    def write(
        self, time: int, kind: int, level: int, operation: int, span: int, thread: int, text: str, offset: int = 0
    ) -> tuple[int, int]:
        """Write a slot, the next one unless one is given; return where it is, and its sequence."""
        words = text.encode("utf-8", "replace")[:MAX_TEXT]
        sequence = self._next()
        offset = offset or SLOTS_AT + sequence % SLOT_COUNT * SLOT_SIZE
        body = _pack_body(sequence, time, kind, level, operation & 0xFFFFFFFF, span, thread, len(words)) + words
        _pack_state(self._map, offset, _crc32(body), 0, 0)
        start = offset + BODY_AT
        self._map[start : start + len(body)] = body
        return offset, sequence

    def is_at(self, offset: int, sequence: int) -> bool:
        """Return whether a slot still has what was written there."""
        return self._map[offset + BODY_AT : offset + BODY_AT + 8] == sequence.to_bytes(8, "little")

    def end(self, offset: int, state: int, ended: int) -> None:
        """Note that the thing in a slot has ended: the state comes last."""
        self._map[offset + 5 : offset + STATE.size] = ended.to_bytes(8, "little")
        self._map[offset + 4] = state

    def describe(self, about: Mapping[str, Any]) -> None:
        """Write what is known of the process."""
        words = json.dumps(about, default=str).encode()
        if len(words) <= layout.MAX_ABOUT:
            start = layout.ABOUT_AT + layout.ABOUT.size
            self._map[start : start + len(words)] = words
            layout.ABOUT.pack_into(self._map, layout.ABOUT_AT, len(words), _crc32(words))

    def mark(self, *, exit_status: int | None, aborts_on_timeout: bool) -> None:
        """Note how the process ends itself, and what SIGABRT means to it."""
        number = 0 if exit_status is None else (exit_status & 0xFF) + 1
        layout.MARKS.pack_into(self._map, layout.MARKS_AT, number, aborts_on_timeout)

    def delete(self) -> None:
        """Delete the file: the process ends well."""
        if self._pid == os.getpid():
            with suppress(OSError), self._folder.open() as folder:
                os.unlink(self.name, dir_fd=folder)
        self.close()

    def close(self) -> None:
        """Close the file, as a forked child must: it would keep the lock when its parent has died."""
        with suppress(BufferError, ValueError):
            self._map.close()
        for file in (*self._files,):
            self._files.remove(file)
            os.close(file)


def _allocate(file: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, layout.SIZE)
        return
    empty = bytes(layout.SLOT_SIZE)
    for _ in range(layout.SIZE // layout.SLOT_SIZE):
        os.write(file, empty)
