"""A breadcrumb, and a request of eight spans, in a process that records them into a file and in one that does not."""

from __future__ import annotations

import atexit
import logging
import tempfile
from collections.abc import Callable
from time import thread_time
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs import operation

from . import Batch, SetUp
from .spans import request


def _side(make: Callable[[Any], Callable[[], object]], *, recorder: bool) -> SetUp:
    def set_up() -> Batch:
        logging.disable(logging.CRITICAL)
        folder = tempfile.TemporaryDirectory()
        atexit.register(folder.cleanup)
        trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
        otel_crumbs.install(exporter="none", recorder=folder.name if recorder else "off")
        leave = make(trace.get_tracer("benchmark"))

        def batch(loops: int) -> float:
            with operation("work"):
                began = thread_time()
                for _ in range(loops):
                    leave()
                return thread_time() - began

        return batch

    return set_up


def _make_note(_: Any) -> Callable[[], object]:
    data = {"order": 7, "state": "paid"}
    return lambda: otel_crumbs.record("order checked", category="shop", data=data)


def _make_line(_: Any) -> Callable[[], object]:
    logging.disable(logging.NOTSET)
    logger = logging.getLogger("shop")
    logger.setLevel(logging.INFO)
    logger.propagate = True
    logger.addHandler(logging.NullHandler())
    return lambda: logger.info("order %d is %s", 7, "paid")


def _make_request(tracer: Any) -> Callable[[], object]:
    return lambda: request(tracer)


SIDES = {
    f"{name}{', recorded' if recorder else ''}": _side(make, recorder=recorder)
    for name, make in (("record()", _make_note), ("logger.info()", _make_line), ("request", _make_request))
    for recorder in (False, True)
}
