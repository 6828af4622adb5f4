"""The news that open pages wait for: which error events came since."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from .queries import find_newer
from .store import Store
from .store_error import StoreError

# A comment each so many seconds keeps connections open, and finds those that are not any more.
_PAUSE = 15.0
_AT_ONCE = 200


class Live:
    """Wakes everybody who waits for error events; nobody is waited for."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self.changes = 0
        self.closed = False

    def announce(self) -> None:
        """Wake all: there is something new. To be called in the event loop."""
        self.changes += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Let everybody go who waits, for the viewer ends. To be called in the event loop."""
        self.closed = True
        self.announce()

    async def wait(self, changes: int, seconds: float) -> None:
        """Wait until there were more changes than *changes*, at most so many seconds."""
        if self.changes > changes:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait_for(future, seconds)
        except asyncio.TimeoutError:
            pass
        finally:
            self._waiting.discard(future)


async def iterate_messages(store: Store, live: Live, last: int) -> AsyncIterator[str]:
    """
    Iterate over server-sent events: how many error events came, and the number of the last.

    A reader that is slow gets fewer and larger numbers; nothing is kept for it.
    """
    yield "retry: 2000\n\n"
    while not live.closed:
        changes = live.changes
        try:
            rows = await asyncio.to_thread(find_newer, store, last, _AT_ONCE)
        except StoreError:
            rows = []
        if rows:
            last = rows[-1].number
            news = {"count": len(rows), "last": last, "title": rows[-1].title[:200]}
            yield f"event: errors\nid: {last}\ndata: {json.dumps(news)}\n\n"
        else:
            yield ": still here\n\n"
            await live.wait(changes, _PAUSE)
