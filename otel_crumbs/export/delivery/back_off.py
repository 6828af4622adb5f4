"""The pauses between attempts, for a receiver that did not take an event."""

from __future__ import annotations

import random
import time

_FIRST, _LONGEST = 0.5, 30.0
# A receiver that asks for a longer pause is tried again after this: it may have another configuration by then.
_LONGEST_REQUESTED = 3600.0
# A receiver that comes back may meet hundreds of processes with full spools. So the first requests after a failure are
# apart by this, in seconds; each success halves it, until it is so short that it makes no difference.
_FIRST_GAP, _LONGEST_GAP, _SHORTEST_GAP = 1.0, 8.0, 0.02


class BackOff:
    """
    Pauses that double with each failure, with jitter, and are not shorter than the receiver asks for.

    After that the requests come at a rate that grows with each success.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._gap = 0.0
        self._until = 0.0
        self._requested = False

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._failures > 0

    def seconds_left(self) -> float:
        """Return for how many seconds nothing may be sent."""
        return max(0.0, self._until - time.monotonic())

    def fail(self, retry_after: float | None) -> None:
        """Begin a pause, of *retry_after* seconds at least if the receiver asks for that."""
        pause = min(_LONGEST, _FIRST * 2 ** min(self._failures, 16)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        self._requested = retry_after is not None
        self._failures += 1
        pause = max(pause, self._gap * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
        # Twice what it was before a success in between has halved it.
        self._gap = min(max(_FIRST_GAP, 4 * self._gap), _LONGEST_GAP)
        self._until = time.monotonic() + min(max(pause, retry_after or 0.0), _LONGEST_REQUESTED)

    def succeed(self, retry_after: float | None) -> None:
        """
        Forget the failures.

        A pause begins if the receiver asks for one, which it may with a success
        too, and a short one soon after a failure.
        """
        self._failures = 0
        self._requested = bool(retry_after)
        pause = max(min(retry_after or 0.0, _LONGEST_REQUESTED), self._shorten_gap())
        self._until = time.monotonic() + pause if pause else 0.0

    def end_pause(self) -> None:
        """End the pause, unless the receiver asked for it, so that a flush makes an attempt at once."""
        self._gap = 0.0
        if not self._requested:
            self._until = 0.0

    def _shorten_gap(self) -> float:
        """Return how long to wait until the next request, half as long as after the last one."""
        gap, self._gap = self._gap, self._gap / 2 if self._gap > _SHORTEST_GAP else 0.0
        return gap * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
