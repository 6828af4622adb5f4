"""The pauses between attempts, for a receiver that did not take an event."""

from __future__ import annotations

import random
import time

_FIRST, _LONGEST = 0.5, 30.0
# A receiver that asks for a longer pause is tried again all the same: it may have another configuration by then.
_LONGEST_ASKED_FOR = 3600.0


class BackOff:
    """Pauses that double, with jitter; a receiver that says how long is believed."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0
        self._asked_for = False

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._failures > 0

    def seconds_left(self) -> float:
        """Return for how many seconds nothing must be sent."""
        return max(0.0, self._until - time.monotonic())

    def fail(self, retry_after: float | None) -> None:
        """Begin a pause."""
        pause = min(_LONGEST, _FIRST * 2 ** min(self._failures, 16)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        self._asked_for = retry_after is not None
        self._failures += 1
        self._until = time.monotonic() + min(max(pause, retry_after or 0.0), _LONGEST_ASKED_FOR)

    def succeed(self, retry_after: float | None) -> None:
        """Forget the failures; a receiver that took an event may ask for a pause all the same."""
        self._failures = 0
        self._asked_for = bool(retry_after)
        self._until = time.monotonic() + min(retry_after, _LONGEST_ASKED_FOR) if retry_after else 0.0

    def end_pause(self) -> None:
        """End the pause, unless the receiver asked for it: somebody waits for a last attempt."""
        if not self._asked_for:
            self._until = 0.0
