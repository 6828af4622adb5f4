"""What a call left behind: the trail of an operation that did nothing else."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from opentelemetry.util._importlib_metadata import entry_points

import otel_crumbs
from otel_crumbs import Breadcrumb

_PORT = re.compile(r"(?<=^connect 127\.0\.0\.1):\d+")
_TOOK = re.compile(r"(?P<before> in | after )\d+(?:\.\d+)? (?:ms|s)$")


def trail_of(call: Callable[[], object]) -> list[Breadcrumb]:
    """Return the breadcrumbs that a call leaves, whatever comes of it."""
    with otel_crumbs.operation("call"):
        with suppress(Exception):
            call()
        return list(otel_crumbs.trail())


def trail_of_async(call: Callable[[], Awaitable[object]]) -> list[Breadcrumb]:
    """Return the breadcrumbs that a coroutine leaves, whatever comes of it."""

    async def run() -> list[Breadcrumb]:
        """Call within an operation."""
        async with otel_crumbs.operation("call"):
            with suppress(Exception):
                await call()
            return list(otel_crumbs.trail())

    return asyncio.run(run())


def message_of(breadcrumb: Breadcrumb) -> str:
    """Return a message without how long it took, and without the port that a connect was for."""
    return _PORT.sub("", _TOOK.sub(r"\g<before>a moment", breadcrumb.message))


def reported(breadcrumbs: list[Breadcrumb]) -> list[tuple[str, str, str, str]]:
    """Return type, category, level and message of breadcrumbs, without how long each took."""
    return [(item.type, item.category, item.level, message_of(item)) for item in breadcrumbs]


def details(breadcrumb: Breadcrumb) -> dict[str, Any]:
    """Return the data of a breadcrumb without how long it took, which must be there."""
    data = dict(breadcrumb.data)
    assert data.pop("duration_ms") == breadcrumb.duration_ms
    assert breadcrumb.duration_ms is not None
    return data


@contextmanager
def instrumented(*names: str) -> Iterator[None]:
    """Have libraries instrumented by the names of their entry points; all that are installed if none is named."""
    found = {each.name: each for each in entry_points(group="opentelemetry_instrumentor")}
    wanted = [found[name] for name in names or sorted(found.keys() - {"otel_crumbs"})]
    with warnings.catch_warnings():
        # What libraries do while they are imported is no affair of ours.
        warnings.simplefilter("ignore")
        instrumentors = [instrumentor for each in wanted if (instrumentor := loaded(each)) is not None]
        for instrumentor in instrumentors:
            instrumentor.instrument()
    try:
        yield
    finally:
        for instrumentor in reversed(instrumentors):
            instrumentor.uninstrument()


def loaded(entry_point: Any) -> Any:
    """Return an instrumentor, None where its library is missing."""
    try:
        return entry_point.load()()
    except ImportError:
        return None
