"""Capture an error, fork as a server in C does, without Python's hooks, and capture another one in the child."""

from __future__ import annotations

import ctypes
import os
import sys

import otel_crumbs

otel_crumbs.install()
otel_crumbs.capture_exception(LookupError("parent"))
otel_crumbs.flush(60)

# `PyDLL` keeps the interpreter's lock, as the code in C that calls `fork` has it.
child = ctypes.PyDLL(None).fork()
if child == 0:
    otel_crumbs.capture_exception(LookupError("child"))
    otel_crumbs.flush(60)
    os._exit(7)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
