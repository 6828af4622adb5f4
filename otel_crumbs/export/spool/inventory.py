"""
The inventory of a spool: how large its files are together, and which of them make room first.

Listing a folder of ten thousand files takes a tenth of a second, so no write
waits for it. The files are measured now and then, and what this process writes
is added in between. What many processes count apart is put right by whichever
of them measures next.
"""

from __future__ import annotations

import errno
import random
import time
from collections import deque
from collections.abc import Callable

from .spool_file import SpoolFile, iterate_files, list_names

# Measuring so few files costs as much as writing one.
_FEW = 64
# A measurement is trusted that long, in seconds, and for so many writes: a part of the files that there are.
_TRUSTED_SECONDS = 60.0
_FEWEST_WRITES, _FILES_A_WRITE = 16, 32
# Without a trusted one, one write of so many measures, of whichever process: the others go on without it.
_WRITES_A_MEASUREMENT = 128
# The files that make room first are remembered by name, so many of them.
_MOST_REMEMBERED = 1024

# Deletes a file; returns whether it did, and None where it is gone already.
Delete = Callable[[SpoolFile], bool | None]


class Inventory:
    """
    The size of the files of one spool, as far as it is known.

    Several threads may ask at the same time, without a lock: what they miscount is put right by the next measurement.

    Args:
        max_bytes: The size that the files may have together.

    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self.reset()

    def reset(self) -> None:
        """Forget what is known, as a forked child must: its parent goes on adding files."""
        self._bytes = 0
        self._files = 0
        self._writes = 0
        self._measured: float | None = None
        # Whether files were deleted that are still counted, so that nothing makes room before the next measurement.
        self._outdated = True
        self._oldest: deque[SpoolFile] = deque()

    def add(self, size: int) -> None:
        """Count a file that was written."""
        self._bytes += size
        self._writes += 1

    def note_deletion(self) -> None:
        """Remember that this process deleted a file, which may leave more room than is known."""
        self._outdated = True

    def make_room(self, folder: int, wanted: int, delete: Delete) -> int:
        """
        Delete files until so many bytes have room, and return how many events were deleted.

        Raises:
            OSError: If there is no room.

        """
        if wanted > self._max_bytes:
            raise self._refuse(wanted)
        fresh = self._is_due(folder)
        if fresh:
            self._measure(folder)
        deleted = 0
        while self._measured is not None and self._bytes + wanted > self._max_bytes:
            file = None if self._outdated else self._find_oldest()
            if file is None and fresh:
                raise self._refuse(wanted)
            if file is None:
                self._measure(folder)
                fresh = True
                continue
            gone = delete(file)
            if gone:
                self._bytes -= file.bytes
                deleted += 0 if file.aside else file.count
            elif gone is None and not fresh:
                self._outdated = True  # other processes deliver them
        return deleted

    def _refuse(self, wanted: int) -> OSError:
        return OSError(errno.EDQUOT, f"there is no room for {wanted} bytes in {self._max_bytes}")

    def _find_oldest(self) -> SpoolFile | None:
        try:
            return self._oldest.popleft()
        except IndexError:
            return None

    def _is_due(self, folder: int) -> bool:
        if self._measured is not None:
            trusted_writes = max(_FEWEST_WRITES, self._files // _FILES_A_WRITE)
            if time.monotonic() - self._measured < _TRUSTED_SECONDS and self._writes < trusted_writes:
                return False
        if random.randrange(_WRITES_A_MEASUREMENT) == 0:  # noqa: S311 - no secret
            return True
        return len(list_names(folder, _FEW + 1)) <= _FEW

    def _measure(self, folder: int) -> None:
        files = sorted(iterate_files(folder), key=_order_of_deletion)
        self._bytes = sum(file.bytes for file in files)
        self._files = len(files)
        self._writes = 0
        self._oldest = deque(files[:_MOST_REMEMBERED])
        self._outdated = False
        self._measured = time.monotonic()


def _order_of_deletion(file: SpoolFile) -> tuple[bool, int, int]:
    """Return the sort key by which files are deleted: unreadable ones, then errors that are not fatal, by their age."""
    return not file.aside, -file.turn, file.captured
