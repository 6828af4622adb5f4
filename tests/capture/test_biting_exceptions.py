"""Exceptions whose class raises or lies are reported all the same, and nothing more is raised than without us."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind

import otel_crumbs
from otel_crumbs.export.http.document import encode_event
from otel_crumbs.testing import capture_events
from tests.application import Application
from tests.capture.biting import BITING
from tests.export.schemas import validator

ROOT = Path(__file__).parents[2]
CHECK = validator()
# The interpreter keeps the program's exception before it calls any hook, and it is taken from there.
PROGRAM = """
import json, logging, sys, threading
from tests.capture.biting import BITING
from otel_crumbs.capture.main_thread import MainThread
from otel_crumbs.capture.reporter import Reporter

emitted = []
main = MainThread(Reporter(emitted.append))
for name, make in BITING.items():
    try:
        raise make()
    except BaseException as error:
        sys.last_exc = sys.last_value = error
        sys.last_traceback = None
    before = len(emitted)
    main.report_death(fatal=False)
    if len(emitted) != before + 1:
        print(name)
print("done", len(BITING))
"""


def fail(error: BaseException) -> None:
    """Raise an exception."""
    raise error


def end_thread(error: BaseException, _: Application) -> None:
    """Let the exception end a thread."""
    thread = threading.Thread(target=fail, args=(error,))
    thread.start()
    thread.join()


def log_it(error: BaseException, _: Application) -> None:
    """Log the exception where it is handled, to a handler that does not ask it."""
    logger = logging.getLogger("shop")
    with pytest.MonkeyPatch.context() as patch:
        # Python's own handlers stumble over it.
        patch.setattr(logger, "propagate", False)
        patch.setattr(logger, "handlers", [logging.NullHandler()])
        try:
            fail(error)
        except BaseException:
            logger.exception("failed")


def capture(error: BaseException, _: Application) -> None:
    """Capture the exception."""
    otel_crumbs.capture_exception(error)


def fail_operation(error: BaseException, _: Application) -> None:
    """Let the exception end an operation."""
    with otel_crumbs.operation("sell"):
        fail(error)


def fail_span(error: BaseException, app: Application) -> None:
    """
    Let the exception end a span in an operation.

    OpenTelemetry asks it for its text and stack. What bites raises another exception there, which takes the place
    of the first and leaves the span without a word of either: the operation reports it.
    """
    with otel_crumbs.operation("request"), app.tracer.start_as_current_span("sell", kind=SpanKind.SERVER):
        fail(error)


def send_signal(error: BaseException, _: Application) -> None:
    """Have Django say that a request failed."""
    from django.core import signals  # noqa: PLC0415 - if it is there

    try:
        fail(error)
    except BaseException:  # noqa: BLE001 - of any kind
        signals.got_request_exception.send(sender=None)


WAYS: dict[str, Callable[[BaseException, Application], None]] = {
    way.__name__: way for way in (end_thread, log_it, capture, fail_operation, fail_span, send_signal)
}


@pytest.fixture
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave what threads die of unprinted, for Python and pytest stumble over it themselves."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_an_exception_that_bites_is_an_event(app: Application, way: Callable[..., None]) -> None:
    """Whatever it bites with; the application gets the exception that it raised, or what OpenTelemetry makes of it."""
    if way is send_signal:
        pytest.importorskip("django")
    lost = []
    for name, make in BITING.items():
        error = make()
        with capture_events() as events:
            try:
                way(error, app)
            except BaseException as raised:  # noqa: BLE001 - of any kind
                if raised is not error and way is not fail_span:
                    lost.append(f"{name}: raised {type(raised)}")
            if len(events) != 1:
                lost.append(f"{name}: {len(events)} events")
            for event in events:
                CHECK.validate(json.loads(encode_event(event)))

    assert lost == []


def test_a_program_that_dies_of_an_exception_that_bites_is_an_event() -> None:
    """Each is kept by the interpreter as the last one, in one program."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert ended.stdout.split("\n")[:-1] == [f"done {len(BITING)}"]
