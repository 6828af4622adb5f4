"""Error events for the tests of the exporters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import Builder, capture_error
from otel_crumbs.trails import Branch, Operation, View

SECOND = 1_000_000_000
NOW = 1_795_446_755 * SECOND

TRAIL = (
    Breadcrumb(
        timestamp=NOW - 3 * SECOND,
        type="http",
        category="http",
        level="error",
        message="GET http://stock.example/7 -> 503 in 120 ms",
        data={"method": "GET", "url": "http://stock.example/7", "status_code": 503},
        span_id="00f067aa0ba902b7",
        duration_ms=120.5,
    ),
    Breadcrumb(timestamp=NOW - 2 * SECOND, category="shop", message="trying again", repeated=3),
    Breadcrumb(timestamp=NOW - SECOND, category="span", message="checkout", branch="worker", in_flight=True),
)


CELERY_TRACEBACK = """\
Traceback (most recent call last):
  File "/app/shop/stock.py", line 12, in find
    return SHELVES[name]
           ~~~~~~~^^^^^^
KeyError: 'lamp'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/venv/lib/python3.12/site-packages/celery/app/trace.py", line 453, in trace_task
    R = retval = fun(*args, **kwargs)
                 ^^^^^^^^^^^^^^^^^^^^
  File "/app/shop/tasks.py", line 7, in ship
    raise OutOfStock("no lamps left") from error
shop.tasks.OutOfStock: no lamps left
"""


class OutOfStockError(Exception):
    """An error of an application."""


def fail() -> None:
    """Raise with a cause."""
    try:
        {}["lamp"]
    except KeyError as error:
        raise OutOfStockError("no lamps left") from error


def raised(function: Any = fail) -> BaseException:
    """Return the exception that a function raises, with its traceback."""
    try:
        function()
    except BaseException as error:  # noqa: BLE001 - the test asks for any exception
        return error
    raise AssertionError("nothing was raised")


def event_of(error: BaseException | None = None, **fields: Any) -> ErrorEvent:
    """Return the event of an exception with a trail, as the builder makes it, with other values of some fields."""
    captured = capture_error(error or raised(), views=(View(an_empty_branch()),), mechanism="operation", handled=False)
    event = Builder(with_lines=True, max_bytes=2**24).build(captured)
    assert event is not None
    known: dict[str, Any] = {
        "timestamp": NOW,
        "operation": "GET checkout/<int:number>",
        "trace_id": 0x4BF92F3577B34DA6A3CE929D0E0E4736,
        "span_id": 0x00F067AA0BA902B7,
        "trace_flags": 1,
        "breadcrumbs": TRAIL,
        "dropped": 2,
        "resource": {"service.name": "shop", "service.version": "1.2.3", "host.name": "web-1"},
    }
    return replace(event, **{**known, **fields})


def an_empty_branch() -> Branch:
    """Return the branch of an operation in which nothing has happened."""
    return Branch(10, Operation(name="checkout"))


def endless(depth: int = 200) -> None:
    """Raise an exception from a deep recursion."""
    if not depth:
        raise RecursionError("too deep")
    endless(depth - 1)


def chained(length: int) -> BaseException:
    """Return an exception with causes, all with many frames."""
    error = raised(endless)
    for _ in range(length):
        cause, error = error, raised(endless)
        error.__cause__ = cause
    return error


class Hostile:
    """A value whose text cannot be read."""

    def __repr__(self) -> str:
        """Raise."""
        raise RuntimeError("no repr")

    __str__ = __repr__


class HostileError(Exception):
    """An exception whose text cannot be read."""

    def __str__(self) -> str:
        """Raise."""
        raise RuntimeError("no str")
