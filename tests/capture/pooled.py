"""
Jobs of a pool of processes that fail; the events are printed.

Called as ``pooled.py POOL METHOD``: `pool` or `executor`, and how children are started.
"""

from __future__ import annotations

import json
import multiprocessing
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import otel_crumbs
from otel_crumbs.testing import capture_events


def install() -> None:
    """Install breadcrumbs in a child that does not have them from its parent."""
    otel_crumbs.install(exporter="none")
    otel_crumbs.record("child begins")


def work(number: int) -> int:
    """Work on a number; every third cannot be worked on."""
    otel_crumbs.record(f"working on {number}", data={"number": number})
    if number % 3:
        return number
    raise ValueError(f"cannot work on {number}")


def report(number: int) -> None:
    """Report a failure in the child, and let it pass."""
    otel_crumbs.record(f"reporting {number}")
    try:
        work(number)
    except ValueError as error:
        # The child's event goes nowhere here.
        otel_crumbs.capture_exception(error)
        raise


def record_much(_: int) -> None:
    """Leave breadcrumbs that weigh too much, and one that cannot be sent."""
    for number in range(90):
        otel_crumbs.record(f"{number} {'x' * 2000}", data={"many": list(range(100))})
    raise ValueError("too much")


def open_pool(pool: str, method: str) -> tuple[Any, Callable[..., Any]]:
    """Return a pool with one child, and the function that calls another one in it."""
    context = multiprocessing.get_context(method)
    initializer = None if method == "fork" else install
    if pool == "pool":
        children = context.Pool(1, initializer)
        return children, children.apply
    executor = ProcessPoolExecutor(1, mp_context=context, initializer=initializer)
    return executor, lambda function, arguments: executor.submit(function, *arguments).result()


def main(pool: str, method: str) -> None:
    """Have jobs done, and capture those that fail."""
    failures = []
    with capture_events() as events, otel_crumbs.operation("import"):
        children, call = open_pool(pool, method)
        with children:
            for function, number in ((work, 1), (work, 3), (work, 4), (work, 6), (report, 9), (record_much, 0)):
                otel_crumbs.record(f"job {number}")
                try:
                    call(function, (number,))
                except ValueError as error:
                    failures.append([repr(error), vars(error), type(error.__cause__).__name__])
                    is_plain = b"otel_crumbs" not in pickle.dumps(error)
                    failures[-1].append(is_plain)
                    otel_crumbs.capture_exception(error)
    shown = [
        [event.title, event.operation, [[each.branch, each.message[:20]] for each in event.breadcrumbs]]
        for event in events
    ]
    sys.stdout.write(json.dumps({"failures": failures, "events": shown}))


if __name__ == "__main__":
    main(*sys.argv[1:])
