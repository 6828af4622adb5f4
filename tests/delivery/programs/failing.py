"""
Capture errors, print a line, and end in a certain way.

Called as ``failing.py COUNT WAY [NAME]``; the messages of the errors are NAME and a number.
The variable SECONDS_TO_FAIL is the time over which they are spread.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import otel_crumbs

# The tests wait less than this, unless the machine is very busy.
SECONDS = 300


def capture(count: int, name: str, seconds: float = 0) -> None:
    """Capture errors, spread over some time."""
    for number in range(count):
        otel_crumbs.record(f"before {name}-{number}", category="shop", data=details(number))
        try:
            look_up(f"{name}-{number}")
        except LookupError:
            otel_crumbs.capture_exception()
        time.sleep(seconds / count)


def details(number: int) -> dict[str, Any]:
    """Return the data of a breadcrumb."""
    return {
        "url": f"https://shop.example/api/v1/items/{number}?page=3",
        "method": "GET",
        "status_code": 200,
        "query": "SELECT id, name, price FROM shop_item WHERE id = %s AND deleted_at IS NULL ORDER BY price",
        "user": {"id": number, "plan": "gold"},
    }


def look_up(words: str) -> None:
    """Raise LookupError."""
    raise LookupError(words)


def say(words: str) -> None:
    """Print a line for the test."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def wait() -> None:
    """Wait for the test to end it."""
    time.sleep(SECONDS)


def handle_and_leave() -> None:
    """Handle SIGTERM by sys.exit(), as servers do."""

    def handler(*_: Any) -> None:
        say("handled")
        sys.exit(7)

    signal.signal(signal.SIGTERM, handler)
    wait()


def handle_and_chain() -> None:
    """Handle SIGTERM, call the handler that was there, and go on."""
    previous = signal.getsignal(signal.SIGTERM)

    def handler(*arguments: Any) -> None:
        if callable(previous):
            previous(*arguments)
        say("still here")
        os._exit(8)

    signal.signal(signal.SIGTERM, handler)
    say("ready")
    wait()


def fork(name: str, *, hard: bool) -> None:
    """Let a forked child capture errors, and end."""
    child = os.fork()
    if child == 0:
        capture(2, f"{name}-child")
        if hard:
            os._exit(4)
        sys.exit(4)
    _, status = os.waitpid(child, 0)
    say(f"child {os.waitstatus_to_exitcode(status)}")


def multiprocess(name: str, method: str) -> None:
    """Let a child of multiprocessing capture errors."""
    child = multiprocessing.get_context(method).Process(target=in_child, args=(name,))
    child.start()
    child.join()
    say(f"child {child.exitcode}")


def in_child(name: str) -> None:
    """Capture in the child; a spawned one begins without hooks."""
    otel_crumbs.install()
    capture(2, f"{name}-child")


def multiprocess_failure(name: str) -> None:
    """Let the target of one child raise, and that of another one call sys.exit()."""
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=raise_uncaught, args=(name,)), fork.Process(target=sys.exit, args=(3,))]
    for child in children:
        child.start()
        child.join()
        say(f"child {child.exitcode}")


def execute(name: str, method: str) -> None:
    """Let the workers of an executor capture errors, and end by themselves."""
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context, initializer=otel_crumbs.install) as pool:
        list(pool.map(capture, [1, 1], [f"{name}-one", f"{name}-other"]))


def pool(name: str, method: str) -> None:
    """Let the workers of a pool capture errors, and be terminated."""
    with multiprocessing.get_context(method).Pool(2, initializer=otel_crumbs.install) as workers:
        workers.starmap(capture, [(1, f"{name}-one"), (1, f"{name}-other")], chunksize=1)


def capture_late() -> None:
    """Capture an error in an atexit function."""
    atexit.register(capture, 1, "late")


def end(way: str, name: str) -> None:
    """End in a certain way."""
    ways: dict[str, Any] = {
        "return": lambda: None,
        "sys.exit": lambda: sys.exit(3),
        "os._exit": lambda: os._exit(5),
        "raise": lambda: raise_uncaught(name),
        "wait": wait,
        "handle": handle_and_leave,
        "chain": handle_and_chain,
        "fork": lambda: fork(name, hard=True),
        "fork-exit": lambda: fork(name, hard=False),
        "multiprocessing-fork": lambda: multiprocess(name, "fork"),
        "multiprocessing-spawn": lambda: multiprocess(name, "spawn"),
        "multiprocessing-failure": lambda: multiprocess_failure(name),
        "executor-fork": lambda: execute(name, "fork"),
        "executor-spawn": lambda: execute(name, "spawn"),
        "executor-forkserver": lambda: execute(name, "forkserver"),
        "pool-fork": lambda: pool(name, "fork"),
        "pool-spawn": lambda: pool(name, "spawn"),
        "late": capture_late,
        "flush": lambda: say(f"flushed {otel_crumbs.flush(SECONDS)}"),
    }
    ways[way]()


def raise_uncaught(name: str) -> None:
    """Raise an error that nothing catches."""
    raise RuntimeError(f"{name}-uncaught")


def main(count: str, way: str, name: str = "error") -> None:
    """Capture the errors, and end."""
    otel_crumbs.install()
    capture(int(count), name, float(os.environ.get("SECONDS_TO_FAIL", "0")))
    say("captured")
    end(way, name)


if __name__ == "__main__":
    main(*sys.argv[1:])
