"""
A program that enables `faulthandler` for itself, and crashes: ``faulting.py ORDER TARGET WAY``.

The order is ``before`` or ``after`` otel_crumbs, or ``unless`` it is on, afterwards, or ``disable``; the target is
``stderr`` or the path of a file.
"""

from __future__ import annotations

import faulthandler
import os
import sys

import otel_crumbs


def enable(target: str) -> None:
    """Have the stacks written where the application wants them."""
    if target == "stderr":
        faulthandler.enable()
    else:
        faulthandler.enable(file=os.open(target, os.O_WRONLY | os.O_CREAT, 0o600))


def die(way: str) -> None:
    """Crash."""
    if way == "segfault":
        faulthandler._sigsegv()  # type: ignore[attr-defined]  # there for tests
    os.abort()


def main(order: str, target: str, way: str) -> None:
    """Enable it, and crash in the middle of work."""
    if order == "before":
        enable(target)
    otel_crumbs.install()
    if order == "after" or (order == "unless" and not faulthandler.is_enabled()):
        enable(target)
    if order == "disable":
        sys.stdout.write(f"{faulthandler.disable()}\n")
        sys.stdout.flush()
    with otel_crumbs.operation("work"):
        die(way)


if __name__ == "__main__":
    main(*sys.argv[1:])
