"""
Capture errors in threads that nobody waits for, and in an atexit function, until the process is gone.

Called as ``daemons.py FILE SECONDS``: the file gets a line for each error whose capture has returned, and the main
thread ends after so many seconds.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Iterable
from itertools import count

import otel_crumbs

THREADS = 3
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def capture(name: str, numbers: Iterable[int]) -> None:
    """Capture errors, and write down which."""
    # Nothing of the module may be left when the last of them come.
    write, capture_exception, kind = os.write, otel_crumbs.capture_exception, ValueError
    descriptor = file
    for number in numbers:
        message = f"{name} {number}"
        if capture_exception(kind(message)):
            write(descriptor, f"{message}\n".encode())


otel_crumbs.install()
atexit.register(capture, "atexit", range(5))
for thread in range(THREADS):
    threading.Thread(target=capture, args=(f"thread {thread}", count()), daemon=True).start()
time.sleep(float(sys.argv[2]))
