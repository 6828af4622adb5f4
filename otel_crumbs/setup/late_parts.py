"""
The parts of an installation that only an error needs, imported and made when the first one is captured.

That is in the application's thread, and takes up to a few tenths of a second, once.
A worker thread never imports: a child that another thread forks meanwhile would
wait for ever for a module that nobody goes on importing there. For the same
reason a child never does: the parts are made before the process forks. At the
end of a process, where Python imports nothing any more, it is too late, so they
are made before it where something is left that may fail there.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType
from typing import TYPE_CHECKING, NamedTuple

from otel_crumbs.base.counters import counters
from otel_crumbs.base.fork import watch_forks
from otel_crumbs.base.guard import guarded
from otel_crumbs.capture.main_thread import find_last_exception

if TYPE_CHECKING:
    from otel_crumbs.event import Builder
    from otel_crumbs.export import Delivery

# Another thread is making the parts: an error waits for that so long, in seconds, and is lost after it.
_PATIENCE = 5.0
# Reports that a signal handler, or the finaliser of an object, makes while the parts are being made below it.
_MAX_POSTPONED = 32
# A process that worked for longer, in seconds, may have a million objects to look through.
_LONG_WORK = 1.0

Report = Callable[[], object]


class Parts(NamedTuple):
    """The parts: one makes events of captured errors, one delivers them."""

    builder: Builder
    delivery: Delivery


class LateParts:
    """
    The parts of one installation.

    Args:
        make: Imports and makes them.

    """

    def __init__(self, make: Callable[[], Parts]) -> None:
        self._make = make
        self._made: Parts | None = None
        # Whether the parts may be made before anybody needs them.
        self._is_expected = False
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Begin with a fresh lock, as a forked child must."""
        self._lock = threading.RLock()
        self._making = False
        self._postponed: deque[Report] = deque(maxlen=_MAX_POSTPONED)

    def watch_process(self) -> None:
        """Make the parts before the process forks, and at its end if need be."""
        self._is_expected = True
        watch_forks(self)

    @guarded("a fork was prepared for")
    def begin_fork(self) -> None:
        """Make the parts, since a child must import nothing."""
        if self._is_expected:
            self.prepare()

    def finish_fork(self) -> None:
        """Keep them in the parent."""

    @property
    def delivery(self) -> Delivery | None:
        """The delivery, None until it is made."""
        return self._made.delivery if self._made is not None else None

    def close(self) -> None:
        """Close the delivery, and make none any more before a fork or at the end."""
        self._is_expected = False
        if self._made is not None:
            self._made.delivery.close()

    def get(self) -> Parts:
        """Return the parts; made now, if they are not yet."""
        if self._made is None:
            self.prepare()
        if self._made is None:
            raise RuntimeError("the parts that an error needs are being made at this moment")
        return self._made

    def prepare(self, report: Report | None = None) -> bool:
        """
        Have the parts made, and return whether they are.

        Args:
            report: Called later, where this very thread is in the middle of making them.

        """
        if self._made is not None:
            return True
        if sys.meta_path is None:  # Python imports nothing any more
            return False
        lock = self._lock
        if not lock.acquire(timeout=_PATIENCE):
            if report is not None:
                counters.count("dropped", reason="not ready")
            return False
        try:
            if self._making:
                if report is not None:
                    self._postponed.append(report)
                return False
            if self._made is None:
                self._making = True
                try:
                    self._made = self._make()
                finally:
                    self._making = False
                    _remember_interrupt()
        finally:
            lock.release()
        self._report_postponed()
        return True

    def prepare_for_end(self) -> None:
        """Make the parts if an object is left whose end may fail, when nothing can be imported any more."""
        if self._made is not None or not self._is_expected:
            return
        if self._postponed or time.process_time() > _LONG_WORK or _has_finalisers():
            self.prepare()

    def _report_postponed(self) -> None:
        while self._postponed:
            guarded("an error was reported late")(self._postponed.popleft())()


def _remember_interrupt() -> None:
    """
    Have the process still end by SIGINT, if its program was ended from the keyboard.

    The interpreter notes that when text that it runs is left by KeyboardInterrupt,
    and forgets it when it runs other text, as modules with dataclasses do while
    they are imported (``run_eval_code_obj`` in CPython's ``pythonrun.c``).
    """
    if type(find_last_exception()) is KeyboardInterrupt:
        with suppress(KeyboardInterrupt):
            exec("raise KeyboardInterrupt")  # noqa: S102 - text of our own


def _has_finalisers() -> bool:
    """Return whether there is an object of the application's whose end runs code."""
    for kind in set(map(type, gc.get_objects())):
        if kind in _SUSPENDED or (
            isinstance(getattr(kind, "__del__", None), FunctionType) and not _is_known(kind.__module__)
        ):
            return True
    return False


# Closing one runs its `finally`.
_SUSPENDED = frozenset({AsyncGeneratorType, CoroutineType, GeneratorType})


def _is_known(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in sys.stdlib_module_names
