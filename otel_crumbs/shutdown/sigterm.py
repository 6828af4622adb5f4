"""
The hook on SIGTERM where nobody handles it: the process dies of it once its last events are saved.

An application that handles SIGTERM ends in its own way, and that way is hooked
too, so its handler is left where it is. A signal handler is no attribute of
anything; so this hook keeps the rule of `base.patching` by itself.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from otel_crumbs.base.patching import Undo

Handler = Callable[[int, FrameType | None], None]


def install(end: Callable[[], object]) -> Undo | None:
    """Call *end* before SIGTERM kills the process; return what undoes it, None where the application has a handler."""
    if threading.current_thread() is not threading.main_thread():
        return None  # signal.signal() works only there
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return None

    def handle(signum: int, _: FrameType | None) -> None:
        end()
        # A handle of the application's that calls the one it found: it decides how the process goes on.
        if active and signal.getsignal(signum) is handle:
            _end_process(signum, handle)

    active = True

    def undo() -> None:
        nonlocal active
        active = False
        if signal.getsignal(signal.SIGTERM) is handle and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, handle)
    return undo


def _end_process(signum: int, handle: Handler) -> None:
    """End the process as the system would have done."""
    signal.signal(signum, signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    # Still here: the first process of a container does not die of it.
    signal.signal(signum, handle)
