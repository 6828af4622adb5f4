"""Capture an error, fork as a server in C does, without Python's hooks, and capture another one in the child."""

from __future__ import annotations

import ctypes
import os
import sys
import time

import otel_crumbs

otel_crumbs.install()
otel_crumbs.capture_exception(LookupError("parent"))
otel_crumbs.flush(60)
# A thread that asks for the interpreter's lock in the moment of such a fork leaves it locked in the child for ever,
# whoever's thread it is: this one's is about to fall asleep.
time.sleep(1)

# `PyDLL` keeps the interpreter's lock, as the code in C that calls `fork` has it.
child = ctypes.PyDLL(None).fork()
if child == 0:
    otel_crumbs.capture_exception(LookupError("child"))
    otel_crumbs.flush(60)
    os._exit(7)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
