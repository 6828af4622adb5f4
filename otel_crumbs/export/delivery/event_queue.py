"""The bounded queue of errors that wait for delivery."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from otel_crumbs.event import CapturedError, ErrorEvent
from otel_crumbs.export.spool.codec import decode, encode

Build = Callable[[CapturedError], ErrorEvent | None]

MAX_WAITING = 1000
MAX_BYTES = 32 * 1024 * 1024
# A captured error is not rendered yet, so its weight is a guess: what an exception and a span take in memory.
_CAPTURED_BYTES = 8 * 1024
_ENTRY_BYTES = 1536


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedError:
    """
    An error in the queue: as it was captured, or built and encoded once it has been tried.

    Args:
        fatal: Whether it goes first, and is the last to be dropped.
        weight: Its size in bytes, roughly.
        captured: As the application's thread left it.
        encoded: As a file would hold it.

    """

    fatal: bool
    weight: int
    captured: CapturedError | None = None
    encoded: bytes = b""

    @classmethod
    def from_captured(cls, captured: CapturedError, new_entries: int) -> QueuedError:
        """Return a captured error to be queued; only so many entries of its trail are held by nobody else."""
        weight = _CAPTURED_BYTES + _ENTRY_BYTES * new_entries
        return cls(fatal=captured.fatal, weight=weight, captured=captured)

    @classmethod
    def from_event(cls, event: ErrorEvent) -> QueuedError:
        """Return an event that was tried, ready to wait for the next time."""
        encoded = encode(event)
        return cls(fatal=event.fatal, weight=len(encoded), encoded=encoded)

    def build_event(self, build: Build) -> ErrorEvent | None:
        """Return the event, None where the user does not want it sent."""
        return decode(self.encoded) if self.captured is None else build(self.captured)


class EventQueue:
    """
    Parcels in bounds: fatal ones first out, and when there is no room the oldest of the others make some.

    Its worker has the lock.
    """

    def __init__(self, *, max_waiting: int = MAX_WAITING, max_bytes: int = MAX_BYTES) -> None:
        self._max_waiting = max_waiting
        self._max_bytes = max_bytes
        self._fresh: dict[bool, deque[QueuedError]] = {True: deque(), False: deque()}
        # These wait behind the fresh ones: one that is never taken must not stand in the way of all.
        self._tried: dict[bool, deque[QueuedError]] = {True: deque(), False: deque()}
        self._entries: set[int] = set()
        self.weight = 0

    def __len__(self) -> int:
        return sum(len(waiting) for waiting in (*self._fresh.values(), *self._tried.values()))

    def put(self, captured: CapturedError) -> int:
        """Add a captured error, and return how many others were dropped for it."""
        # Errors that follow each other in one trail share most of it.
        known, self._entries = self._entries, set(map(id, captured.trail.entries))
        queued = QueuedError.from_captured(captured, len(self._entries - known))
        return self._add(queued, self._fresh[queued.fatal])

    def put_back(self, queued: QueuedError) -> int:
        """Add an event that was tried, and return how many others were dropped for it."""
        return self._add(queued, self._tried[queued.fatal])

    def take(self) -> QueuedError | None:
        """Return the next one to send, None if there is none."""
        for waiting in (self._fresh[True], self._tried[True], self._fresh[False], self._tried[False]):
            if waiting:
                return self._subtract_weight(waiting.popleft())
        return None

    def _add(self, queued: QueuedError, waiting: deque[QueuedError]) -> int:
        waiting.append(queued)
        self.weight += queued.weight
        gone = 0
        while len(self) > self._max_waiting or (self.weight > self._max_bytes and len(self) > 1):
            self._drop_oldest()
            gone += 1
        return gone

    def _drop_oldest(self) -> None:
        for waiting in (self._tried[False], self._fresh[False], self._tried[True], self._fresh[True]):
            if waiting:
                self._subtract_weight(waiting.popleft())
                return

    def _subtract_weight(self, queued: QueuedError) -> QueuedError:
        self.weight -= queued.weight
        return queued
