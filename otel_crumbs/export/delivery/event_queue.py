"""The bounded queue of errors that wait for delivery."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from otel_crumbs.event import CapturedError, ErrorEvent
from otel_crumbs.export.spool.codec import decode_event, encode_event

Build = Callable[[CapturedError], ErrorEvent | None]

MAX_WAITING = 1000
MAX_BYTES = 32 * 1024 * 1024
# A captured error is not rendered yet, so its weight is a guess: what an exception and a span take in memory.
_CAPTURED_BYTES = 8 * 1024
_ENTRY_BYTES = 1536


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedError:
    """
    An error in the queue: captured, or built and encoded if an attempt to send it failed.

    Args:
        fatal: Whether it is sent first, and dropped last.
        weight: Its size in bytes, roughly.
        captured: The captured error, None if the event is built already.
        encoded: The event in the form of a file of the spool.

    """

    fatal: bool
    weight: int
    captured: CapturedError | None = None
    encoded: bytes = b""

    @classmethod
    def from_captured(cls, captured: CapturedError, new_entries: int) -> QueuedError:
        """Return a captured error to be queued; *new_entries* of its trail are in no other error of the queue."""
        weight = _CAPTURED_BYTES + _ENTRY_BYTES * new_entries
        return cls(fatal=captured.fatal, weight=weight, captured=captured)

    @classmethod
    def from_event(cls, event: ErrorEvent) -> QueuedError:
        """Return an event to be queued after an attempt that failed."""
        encoded = encode_event(event)
        return cls(fatal=event.fatal, weight=len(encoded), encoded=encoded)

    def build_event(self, build: Build) -> ErrorEvent | None:
        """Return the event, None if the hook `before_send` does not want it sent."""
        return decode_event(self.encoded) if self.captured is None else build(self.captured)


class EventQueue:
    """
    A queue of errors with a limit; fatal ones are sent first, and the oldest of the others make room.

    It has no lock of its own: `PendingEvents` calls it with the lock.

    Args:
        max_waiting: The number of errors.
        max_bytes: The size of all errors together, roughly.

    """

    def __init__(self, *, max_waiting: int = MAX_WAITING, max_bytes: int = MAX_BYTES) -> None:
        self._max_waiting = max_waiting
        self._max_bytes = max_bytes
        self._fresh: dict[bool, deque[QueuedError]] = {True: deque(), False: deque()}
        # Events that were tried wait behind fresh errors, so that one that no receiver takes does not hold up the rest.
        self._tried: dict[bool, deque[QueuedError]] = {True: deque(), False: deque()}
        self._entries: set[int] = set()
        self.weight = 0

    def __len__(self) -> int:
        return sum(len(waiting) for waiting in (*self._fresh.values(), *self._tried.values()))

    def put(self, captured: CapturedError) -> int:
        """Add a captured error, and return how many others were dropped for it."""
        # The entries of the last error: errors that follow each other in one trail share most of it.
        known, self._entries = self._entries, set(map(id, captured.trail.entries))
        queued = QueuedError.from_captured(captured, len(self._entries - known))
        return self._add(queued, self._fresh[queued.fatal])

    def requeue(self, queued: QueuedError) -> int:
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
        dropped = 0
        while len(self) > self._max_waiting or (self.weight > self._max_bytes and len(self) > 1):
            self._drop_oldest()
            dropped += 1
        return dropped

    def _drop_oldest(self) -> None:
        for waiting in (self._tried[False], self._fresh[False], self._tried[True], self._fresh[True]):
            if waiting:
                self._subtract_weight(waiting.popleft())
                return

    def _subtract_weight(self, queued: QueuedError) -> QueuedError:
        self.weight -= queued.weight
        return queued
