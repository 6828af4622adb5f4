"""The errors that wait for delivery: each of them, and the bounded queue of all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from otel_crumbs.event import CapturedError, ErrorEvent
from otel_crumbs.export.spool.codec import decode_events, encode_events
from otel_crumbs.export.spool.file_lock import LockedFile

Build = Callable[[CapturedError], ErrorEvent | None]

MAX_WAITING = 1000
MAX_BYTES = 32 * 1024 * 1024
# With so many errors, or so many bytes, the queue is crowded: they go to the spool while the worker waits.
CROWDED, CROWDED_BYTES = 64, 4 * 1024 * 1024
# With twice as many it is full: whoever captures one more waits a moment.
_FULL = 2
# A captured error is not rendered yet, so its weight is a guess: what an exception and a span take in memory.
_CAPTURED_BYTES = 8 * 1024
_ENTRY_BYTES = 1536


class QueuedError:
    """
    An error that waits for delivery, or several that are sent together: captured, or built.

    Several threads may come across it, and one of them takes it and builds its
    event. Others may write copies of the event to the spool while it is being
    sent; they are deleted when it is settled, by whoever comes last.

    Args:
        fatal: Whether it is sent first, and dropped last.
        weight: Its size in bytes, roughly.
        captured: The captured error, None if the event is built already.
        encoded: The events in the form of a file of the spool.
        events: The events, none if they are not built yet, or not any more.
        count: How many events they are.
        files: The events' files in the spool.

    """

    __slots__ = (
        "_copiers",
        "_copies",
        "_takers",
        "captured",
        "count",
        "encoded",
        "events",
        "fatal",
        "kept",
        "position",
        "settled",
        "weight",
    )

    def __init__(
        self,
        *,
        fatal: bool,
        weight: int = 0,
        captured: CapturedError | None = None,
        encoded: bytes = b"",
        events: Sequence[ErrorEvent] = (),
        count: int = 1,
        files: Sequence[LockedFile] = (),
    ) -> None:
        self.fatal = fatal
        self.weight = weight
        self.captured = captured
        self.encoded = encoded
        self.events = tuple(events)
        self.count = count
        # Where it ends in its queue, in bytes since the queue was empty.
        self.position = 0
        # Whether the events are in the spool and not in memory alone.
        self.kept = bool(files)
        self.settled = False
        # In each, the files that have all the events together.
        self._copies: list[Sequence[LockedFile]] = [files] if files else []
        # As with takers: of several threads that wrote a copy, one has it stay.
        self._copiers = [] if files else [True]
        # Whoever pops from the list takes the error: there is no lock that a thread could hold meanwhile.
        self._takers = [True]

    @classmethod
    def from_captured(cls, captured: CapturedError, new_entries: int) -> QueuedError:
        """Return a captured error to be queued; *new_entries* of its trail are in no other error of the queue."""
        weight = _CAPTURED_BYTES + _ENTRY_BYTES * new_entries
        return cls(fatal=captured.fatal, weight=weight, captured=captured)

    @classmethod
    def from_events(cls, events: Sequence[ErrorEvent]) -> QueuedError:
        """Return events to be queued after an attempt that failed, as they were sent together."""
        encoded = encode_events(events)
        return cls(fatal=_has_fatal(events), weight=len(encoded), encoded=encoded, count=len(events))

    @classmethod
    def from_spool(cls, files: Sequence[LockedFile], events: Sequence[ErrorEvent]) -> QueuedError:
        """Return events of the spool that are about to be sent."""
        return cls(fatal=_has_fatal(events), events=events, count=len(events), files=files)

    @classmethod
    def from_built(cls, events: Sequence[ErrorEvent]) -> QueuedError:
        """Return events that are about to be sent together; the caller has taken them."""
        together = cls(fatal=_has_fatal(events), events=events, count=len(events))
        together.take()
        return together

    def take(self) -> bool:
        """Return whether the caller is the one that handles this error."""
        try:
            return self._takers.pop()
        except IndexError:
            return False

    @property
    def taken(self) -> bool:
        """Whether a thread handles the error."""
        return not self._takers

    def put_back(self) -> None:
        """Let another one take the error."""
        self._takers.append(True)

    def build_events(self, build: Build) -> tuple[ErrorEvent, ...]:
        """Return the events, none if the hook `before_send` does not want one sent."""
        if self.captured is None:
            self.events = decode_events(self.encoded, self.count)
        elif (event := build(self.captured)) is not None:
            self.events = (event,)
        return self.events

    def settle_unsaved(self) -> bool:
        """Settle the event for another one to have it, unless it was saved already; return whether it is settled."""
        # Whoever saves it looks at these in the other order.
        self.settled = True
        if self.kept:
            self.settled = False
        return self.settled

    def add_copy(self, file: LockedFile) -> bool:
        """Remember a file of the events in the spool; return False if there is one already, and this one is to go."""
        try:
            self._copiers.pop()
        except IndexError:
            return False
        self._copies.append((file,))
        self.kept = True
        return True

    def forget_copy(self) -> None:
        """Let a thread write a copy again, since the first one was deleted."""
        self.kept = False
        self._copiers.append(True)

    def take_copy(self) -> Sequence[LockedFile]:
        """Return the files of one copy of the events in the spool for the caller to delete, none if there is none."""
        try:
            return self._copies.pop(0)
        except IndexError:
            return ()

    def release_copies(self) -> bool:
        """Leave the copies in the spool for whoever looks there next, and return whether there is one."""
        copied = False
        while files := self.take_copy():
            copied = True
            for file in files:
                file.release()
        return copied


def _has_fatal(events: Sequence[ErrorEvent]) -> bool:
    return any(event.fatal for event in events)


class EventQueue:
    """
    A queue of errors with a limit; fatal ones are sent first, and the oldest of the others make room.

    It has no lock: what two threads do at the same time are single calls of a
    `deque`. A race may let the queue grow beyond its limit, by an error for each thread.

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
        self._all = (*self._fresh.values(), *self._tried.values())
        # The newest entry of the last error, by its identity.
        self._newest_known = 0

    def __len__(self) -> int:
        return sum(map(len, self._all))

    @property
    def weight(self) -> int:
        """The size of all errors together, roughly."""
        return sum(map(_weigh, self._all))

    @property
    def crowded(self) -> bool:
        """Whether there are more errors than the end of a process has time for."""
        return len(self) > CROWDED or self.weight > CROWDED_BYTES

    @property
    def full(self) -> bool:
        """Whether there are so many errors that one more has to wait."""
        return len(self) > _FULL * CROWDED or self.weight > _FULL * CROWDED_BYTES

    @property
    def brimming(self) -> bool:
        """Whether there are so many errors that one will soon be dropped."""
        return len(self) > self._max_waiting - CROWDED or self.weight > self._max_bytes - CROWDED_BYTES

    @property
    def overfull(self) -> bool:
        """Whether there are so many errors that waiting did not help."""
        return len(self) > _FULL * _FULL * CROWDED

    def weigh(self, captured: CapturedError) -> QueuedError:
        """Return a captured error to be queued."""
        # Errors that follow each other in one trail share what it had at the first.
        entries = captured.trail.entries
        known, self._newest_known = self._newest_known, id(entries[-1]) if entries else 0
        new = next((number for number, entry in enumerate(reversed(entries)) if id(entry) == known), len(entries))
        return QueuedError.from_captured(captured, new)

    def put(self, queued: QueuedError) -> list[QueuedError]:
        """Add a captured error, and return the others that were dropped for it."""
        return self._add(queued, self._fresh[queued.fatal])

    def requeue(self, queued: QueuedError) -> list[QueuedError]:
        """Add an event that was tried, and return the others that were dropped for it."""
        return self._add(queued, self._tried[queued.fatal])

    def take(self) -> QueuedError | None:
        """Return the next one to send, which the caller handles; None if there is none."""
        return _take_first((self._fresh[True], self._tried[True], self._fresh[False], self._tried[False]))

    def take_fresh(self) -> QueuedError | None:
        """Return the next one that was not tried yet, which the caller handles; None if there is none."""
        return _take_first((self._fresh[True], self._fresh[False]))

    def _add(self, queued: QueuedError, waiting: deque[QueuedError]) -> list[QueuedError]:
        try:
            queued.position = waiting[-1].position + queued.weight
        except IndexError:
            queued.position = queued.weight
        waiting.append(queued)
        dropped: list[QueuedError] = []
        while len(self) > self._max_waiting or (self.weight > self._max_bytes and len(self) > 1):
            oldest = _take_first((self._tried[False], self._fresh[False], self._tried[True], self._fresh[True]))
            if oldest is None:
                break
            dropped.append(oldest)
        return dropped


def _take_first(queues: tuple[deque[QueuedError], ...]) -> QueuedError | None:
    """Take the oldest error of the first queue that has one nobody has taken."""
    for waiting in queues:
        while waiting:
            try:
                queued = waiting.popleft()
            except IndexError:  # another thread was first
                break
            if queued.take():
                return queued
    return None


def _weigh(waiting: deque[QueuedError]) -> int:
    """Return the size of a queue's errors together, from where the first begins to where the last ends."""
    try:
        first, last = waiting[0], waiting[-1]
    except IndexError:
        return 0
    return last.position - first.position + first.weight
