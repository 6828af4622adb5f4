"""
Delivery: a queue and a worker for each exporter, none of which the application waits for.

The worker is a daemon thread that starts with the first event. It renders the
event, sends it, and tries again where that can help. A forked child begins
with an empty queue: what its parent had captured, its parent delivers.
"""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence

from opentelemetry.instrumentation.utils import suppress_instrumentation

from otel_crumbs.event import ErrorEvent, Seized
from otel_crumbs.guard import tell, warn

from .exporter import Exporter, Outcome, Verdict

Build = Callable[[Seized], ErrorEvent | None]

# Error events are rare; a hundred waiting means that nobody takes them.
MAX_WAITING = 1000
# One request may take as long as the standard exporters allow it.
MAX_SECONDS_AN_ATTEMPT = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_MAX_ATTEMPTS = 10


class Lane:
    """
    One exporter, its queue and its worker.

    Args:
        exporter: Sends the events.
        build: Makes the event of what was seized, in the worker.

    """

    def __init__(self, exporter: Exporter, build: Build) -> None:
        self.exporter = exporter
        self._build = build
        self._start_anew()

    def _start_anew(self) -> None:
        self._waiting: deque[Seized] = deque()
        self._changed = threading.Condition()
        self._worker: threading.Thread | None = None
        self._busy = False
        self._closed = False
        self.delivered = 0
        self.lost = 0
        self._owned_up = 0

    def put(self, seized: Seized) -> None:
        """Queue what was seized; the oldest makes room."""
        with self._changed:
            if self._closed:
                return
            if len(self._waiting) >= MAX_WAITING:
                self._waiting.popleft()
                self._lose("the queue is full")
            self._waiting.append(seized)
            self._changed.notify_all()
            if self._worker is None or not self._worker.is_alive():
                self._start_worker()

    def flush(self, deadline: float) -> bool:
        """Return whether all since the last flush was acknowledged by *deadline*, a time of `time.monotonic`."""
        with self._changed:
            while self._waiting or self._busy:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                if self._worker is None or not self._worker.is_alive():
                    return self._drain_here(deadline)
                self._changed.wait(left)
            return self._nothing_lost()

    def close(self) -> None:
        """Take nothing more, and let the worker go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.exporter.shutdown()

    def _start_worker(self) -> None:
        worker = threading.Thread(target=self._work, name=f"otel_crumbs {self.exporter.name}", daemon=True)
        try:
            worker.start()
        except RuntimeError:  # the interpreter is going down: flush() sends in its own thread
            return
        self._worker = worker

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                seized = self._waiting.popleft()
                self._busy = True
            try:
                self._deliver(seized)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _drain_here(self, deadline: float) -> bool:
        while self._waiting and time.monotonic() < deadline:
            self._attempt_and_count(self._waiting.popleft(), deadline)
        return not self._waiting and self._nothing_lost()

    def _nothing_lost(self) -> bool:
        """Return whether nothing was lost that no flush has told of."""
        told, self._owned_up = self._owned_up, self.lost
        return self.lost == told

    def _attempt_and_count(self, seized: Seized, deadline: float) -> None:
        event = self._built(seized)
        if event is not None:
            self._count(self._attempt(event, deadline - time.monotonic()))

    def _deliver(self, seized: Seized) -> None:
        event = self._built(seized)
        if event is None:
            return
        for attempt in range(_MAX_ATTEMPTS):
            outcome = self._attempt(event, MAX_SECONDS_AN_ATTEMPT)
            if outcome.verdict is not Verdict.RETRY or not self._pause(attempt, outcome.retry_after):
                break
        self._count(outcome)

    def _built(self, seized: Seized) -> ErrorEvent | None:
        try:
            with suppress_instrumentation():
                return self._build(seized)
        except Exception as error:  # noqa: BLE001 - an event that cannot be built must not end the worker
            tell("an event was built", error)
            with self._changed:
                self._lose("it could not be built")
            return None

    def _attempt(self, event: ErrorEvent, timeout: float) -> Outcome:
        try:
            with suppress_instrumentation():
                return self.exporter.export(event, max(0.05, min(timeout, MAX_SECONDS_AN_ATTEMPT)))
        except Exception as error:  # noqa: BLE001 - exporters may be anybody's
            tell(f"the exporter {self.exporter.name!r} sent an event", error)
            return Outcome(verdict=Verdict.REFUSED, reason=f"{type(error).__name__}: {error}")

    def _pause(self, attempt: int, retry_after: float | None) -> bool:
        """Wait before the next attempt; return False where there should be none."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        if retry_after is not None:
            pause = max(pause, retry_after)
        with self._changed:
            until = time.monotonic() + pause
            while not self._closed and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._closed

    def _count(self, outcome: Outcome) -> None:
        with self._changed:
            if outcome.verdict is Verdict.DELIVERED:
                self.delivered += 1
            else:
                self._lose(outcome.reason)

    def _lose(self, reason: str) -> None:
        self.lost += 1
        warn(
            f"lost by {self.exporter.name}",
            "otel_crumbs could not deliver an error event by the exporter %r: %s (%d lost so far).",
            self.exporter.name,
            reason,
            self.lost,
        )


class Delivery:
    """
    Hands each event to every exporter; each succeeds or fails on its own.

    Args:
        exporters: Where events go.
        build: Makes the event of what was seized.

    """

    def __init__(self, exporters: Sequence[Exporter], build: Build) -> None:
        self.lanes = tuple(Lane(exporter, build) for exporter in exporters)
        _every.add(self)

    def emit(self, seized: Seized) -> None:
        """Queue what was seized for every exporter; never blocks."""
        for lane in self.lanes:
            lane.put(seized)

    def flush(self, timeout: float) -> bool:
        """Wait up to *timeout* seconds; return True only if everything was acknowledged."""
        deadline = time.monotonic() + timeout
        acknowledged = [lane.flush(deadline) for lane in self.lanes]
        return all(acknowledged)

    def close(self) -> None:
        """Take nothing more."""
        for lane in self.lanes:
            lane.close()

    def start_anew(self) -> None:
        """Forget what waits, as a forked child must."""
        for lane in self.lanes:
            lane._start_anew()  # noqa: SLF001 - its own part


_every: weakref.WeakSet[Delivery] = weakref.WeakSet()


def _after_fork() -> None:
    for delivery in tuple(_every):
        delivery.start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
