"""
A program that dies in the midst of its work: ``dying.py HOST WAY``.

The host is the program itself or a child of its; the way is how it dies, ``well`` for not at all.
"""

from __future__ import annotations

import concurrent.futures
import faulthandler
import itertools
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs

STEPS = 60


def die(way: str) -> None:
    """Die."""
    if way == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif way == "segfault":
        faulthandler._sigsegv()  # type: ignore[attr-defined]  # there for tests
    elif way == "abort":
        os.abort()
    elif way == "overflow":
        faulthandler._stack_overflow()  # type: ignore[attr-defined]  # there for tests
    elif way == "exit":
        os._exit(7)  # 3 and 4 mean something to gunicorn
    elif way in {"memory", "too much"}:
        take_memory(2**20 if way == "memory" else 2**45)
    elif way == "hang":
        time.sleep(60)
    elif way == "hang in C":
        # Nothing of Python's runs meanwhile, not even for a signal.
        sum(itertools.repeat(1, 10**12))


def take_memory(size: int) -> None:
    """Take memory, piece by piece, until there is no more."""
    kept = []
    while True:
        kept.append(bytearray(size))
        # What is not written to is not there yet.
        kept[-1][::4096] = b"x" * len(kept[-1][::4096])


def work(way: str) -> None:
    """Leave breadcrumbs, and die in the middle of a statement."""
    tracer = trace.get_tracer("shop")
    with otel_crumbs.operation(f"work {way}"):
        for number in range(STEPS):
            otel_crumbs.record(f"step {number}", data={"password": "hunter2"} if number == STEPS - 1 else None)
        with tracer.start_as_current_span("SELECT") as span:
            span.set_attributes({"db.system": "sqlite", "db.statement": "SELECT * FROM orders"})
            die(way)


def set_up_tracing() -> None:
    """Set up the SDK, unless somebody has."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())


def main(host: str, way: str) -> None:
    """Work in a host."""
    otel_crumbs.install()
    set_up_tracing()
    if host == "script":
        work(way)
    elif host == "multiprocessing":
        child = multiprocessing.get_context("fork").Process(target=work, args=(way,))
        child.start()
        child.join()
    elif host == "pool":
        context = multiprocessing.get_context("fork")
        with suppress(BrokenProcessPool), concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            pool.submit(work, way).result()


if __name__ == "__main__":
    main(*sys.argv[1:])
