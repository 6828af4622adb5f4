"""Deliveries for the tests, each of which is closed in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from otel_crumbs import ErrorEvent
from otel_crumbs.event import Builder, CapturedError
from otel_crumbs.export import Delivery, Outcome, SpoolLocation, Verdict

from .exporters import SlowExporter, emit_errors

BUILDER = Builder()


@pytest.fixture
def deliver() -> Iterator[Callable[..., Delivery]]:
    """Return a function that makes a delivery without a spool."""
    with ExitStack() as stack:

        def deliver(*exporters: Any, build: Callable[[CapturedError], ErrorEvent | None] = BUILDER.build) -> Delivery:
            delivery = Delivery(exporters, build)
            stack.callback(delivery.close)
            return delivery

        yield deliver


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Delivery]]:
    """Return a function that makes the delivery of a new process of the service, with a spool."""
    with ExitStack() as stack:

        def start(
            *exporters: Any,
            build: Callable[[CapturedError], ErrorEvent | None] = BUILDER.build,
            spool: SpoolLocation | None = SpoolLocation(base=tmp_path),  # noqa: B008
        ) -> Delivery:
            delivery = Delivery(exporters, build, spool=spool, service=lambda: "shop")
            stack.callback(delivery.close)
            delivery.look_for_undelivered()
            return delivery

        yield start


@pytest.fixture
def fill_spool(start: Callable[..., Delivery]) -> Callable[[int], None]:
    """Return a function that ends a process of the service while the receiver is away, so that its events wait."""

    def fill_spool(count: int) -> None:
        delivery = start(SlowExporter(Outcome(verdict=Verdict.RETRY, reason="away")))
        emit_errors(delivery, count)
        delivery.end(1.0)
        delivery.close()

    return fill_spool
