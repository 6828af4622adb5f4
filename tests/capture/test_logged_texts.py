"""Stack traces that are logged as text are events, once, with the exception itself where it is still handled."""

from __future__ import annotations

import json
import logging
import os
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from opentelemetry._logs import LogRecord, SeverityNumber, get_logger

import otel_crumbs
from otel_crumbs.capture.logged_texts import read_title
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, fail

logger = logging.getLogger("worker")

TEXT = """Traceback (most recent call last):
  File "/app/shop/jobs.py", line 31, in ship
    raise ValueError("boom")
ValueError: boom
"""
CHAINED = f"""{TEXT}
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop/jobs.py", line 40, in run
    raise shop.errors.NotShipped(7)
shop.errors.NotShipped: order 7
"""
DAGSTER = """dagster._core.errors.DagsterExecutionStepExecutionError: Error occurred while executing op "ship":

Stack Trace:
  File "/dagster/execute.py", line 245, in dagster_event_sequence

The above exception was caused by the following exception:
ZeroDivisionError: division by zero

Stack Trace:
  File "/app/shop/ops.py", line 7, in ship
"""


class Hostile:
    """An object that is asked for its text by nobody."""

    def __str__(self) -> NoReturn:
        raise AssertionError("it was asked for its text")

    __repr__ = __str__


def titles(events: CapturedEvents) -> list[tuple[str, str]]:
    """Return title and mechanism of each event."""
    return [(event.title, event.mechanism) for event in events]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TEXT, ("ValueError", "boom")),
        (CHAINED, ("shop.errors.NotShipped", "order 7")),
        (DAGSTER, ("ZeroDivisionError", "division by zero")),
        (f"job failed\n{TEXT}", ("ValueError", "boom")),
        (TEXT.replace("ValueError: boom", "KeyboardInterrupt"), ("KeyboardInterrupt", "")),
        (TEXT.partition("ValueError: boom")[0], None),
        ("Traceback (most recent call last):\nno frames", None),
        ("Stack Trace:\n", None),
        ("all is well", None),
        ("", None),
    ],
)
def test_the_title_is_that_of_the_last_exception(text: str, found: tuple[str, str] | None) -> None:
    """Python's words, and Dagster's."""
    assert read_title(text) == found


@pytest.mark.parametrize(
    "log",
    [
        lambda: logger.error("job failed\n" + TEXT),  # noqa: G003 - as people do
        lambda: logger.error("[Job %s]: exception raised while executing (%s)\n%s", "7", "ship", TEXT),
        lambda: logger.error("%(what)s: %(why)s", {"what": "job", "why": TEXT}),
        lambda: logger.error({"event": "job failed", "exception": TEXT}),
        lambda: logger.error(json.dumps({"event": "job failed", "exception": TEXT})),
        lambda: logger.error("job failed", extra={"exception.stacktrace": TEXT}),
        lambda: logger.critical("job failed", extra={"stack_trace": TEXT, "job": Hostile()}),
        lambda: logger.error("job failed", extra={"exception.type": "ValueError", "exception.message": "boom"}),
    ],
)
def test_a_line_with_a_stack_trace_is_one_event(log: Callable[[], None], events: CapturedEvents) -> None:
    """In its message, its arguments or its fields; with the trail, and the text where there is one."""
    otel_crumbs.record("about to ship")

    log()

    [event] = events
    assert (event.title, event.mechanism, event.handled) == ("ValueError: boom", "log_text", True)
    assert event.breadcrumbs[0].message == "about to ship"
    assert event.stacktrace.startswith("Traceback (most recent call last):\n")
    assert event.stacktrace.endswith("ValueError: boom\n")


@pytest.mark.parametrize(
    "log",
    [
        lambda: logger.warning(TEXT),
        lambda: logger.error("no receipt"),
        lambda: logger.error("see the Traceback (most recent call last): above"),
        lambda: logger.error("no %s for %s", Hostile(), {"exception": Hostile()}),
        lambda: logger.error(TEXT.replace("ValueError: boom", "KeyboardInterrupt")),
        lambda: logging.getLogger("opentelemetry.context").error(TEXT),
        lambda: logging.getLogger("werkzeug").error("Error on request:\n%s", TEXT),
        lambda: logger.handle(
            logging.makeLogRecord({"name": "worker", "levelno": 40, "msg": TEXT, "process": os.getpid() + 1})
        ),
    ],
)
def test_other_lines_are_breadcrumbs_only(
    log: Callable[[], None], events: CapturedEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of lower levels, without a stack trace, of what is expected, and of other processes."""
    monkeypatch.setattr(logging, "raiseExceptions", False)

    log()

    assert titles(events) == []


def test_an_exception_that_is_being_handled_is_reported_itself(events: CapturedEvents) -> None:
    """With its frames and all that belongs to it, whoever reports it afterwards."""
    try:
        fail(ValueError("boom"))
    except ValueError as error:
        logger.error("failed: %s", traceback.format_exc())  # noqa: TRY400 - as people do
        logger.exception("failed")
        otel_crumbs.capture_exception(error)

    assert titles(events) == [("ValueError: boom", "log_text")]
    assert events[0].exception.frames[-1].function == "fail"


def test_a_text_after_its_exception_is_no_second_event(events: CapturedEvents) -> None:
    """In the same operation and outside any, long after it was handled."""

    def report() -> str:
        try:
            fail(ValueError("boom"))
        except ValueError as error:
            otel_crumbs.capture_exception(error)
            return traceback.format_exc()

    text = report()
    logger.error(text)
    logger.error(text)
    with otel_crumbs.operation("job"):
        text = report()
    logger.error("job failed: %s", text)

    assert titles(events) == [("ValueError: boom", "capture_exception")] * 2


def test_a_text_of_what_led_to_an_exception_is_no_second_event(events: CapturedEvents) -> None:
    """Dagster logs the step's failure in its own words, and that of the run by its cause."""
    try:
        try:
            fail(ZeroDivisionError("division by zero"))
        except ZeroDivisionError as cause:
            raise LookupError("step failed") from cause
    except LookupError as error:
        otel_crumbs.capture_exception(error)

    logger.error(DAGSTER)

    assert titles(events) == [("LookupError: step failed", "capture_exception")]


def test_an_exception_after_its_text_is_no_second_event(events: CapturedEvents) -> None:
    """The next one like it is one again."""

    def catch() -> ValueError:
        try:
            fail(ValueError("boom"))
        except ValueError as error:
            return error

    first, second = catch(), catch()
    logger.error("".join(traceback.format_exception(first)))
    first_id = otel_crumbs.capture_exception(first)
    otel_crumbs.capture_exception(second)

    assert titles(events) == [("ValueError: boom", "log_text"), ("ValueError: boom", "capture_exception")]
    assert first_id == events[0].event_id


def test_another_failure_of_the_same_words_is_an_event(events: CapturedEvents) -> None:
    """It came from another line."""
    otel_crumbs.capture_exception(ValueError("boom"))
    with pytest.raises(ValueError, match="boom"), otel_crumbs.operation("job"):
        fail(ValueError("boom"))
    logger.error(TEXT.replace("boom", "bang"))

    assert [title for title, _ in titles(events)] == ["ValueError: boom", "ValueError: boom", "ValueError: bang"]


def test_a_setting_turns_it_off() -> None:
    """And the other way round exceptions are left alone."""
    with capture_events(capture="logging") as events:
        logger.error(TEXT)
        logger.error("failed", exc_info=ValueError("boom"))
        assert titles(events) == [("ValueError: boom", "logging")]
    with capture_events(capture="log_text") as events:
        logger.error("failed", exc_info=ValueError("boom"))
        logger.error(TEXT)
        assert titles(events) == [("ValueError: boom", "log_text")]


def emit(severity: SeverityNumber, **attributes: Any) -> None:
    """Emit a record as loggers do that know nothing of exception objects."""
    named = {name.replace("_", "."): value for name, value in attributes.items()}
    get_logger("task").emit(LogRecord(body="Task failed", severity_number=severity, attributes=named))


@pytest.mark.usefixtures("app")
class TestLogRecords:
    """Records of OpenTelemetry's Logs API, with attributes in an exception's place."""

    def test_a_record_is_one_event(self, events: CapturedEvents) -> None:
        """With the attributes' text, and without it."""
        emit(SeverityNumber.ERROR, exception_type="ValueError", exception_message="boom", exception_stacktrace=TEXT)
        emit(SeverityNumber.FATAL, exception_type="shop.errors.NotShipped")
        emit(SeverityNumber.ERROR, exception_stacktrace=CHAINED.replace("order 7", "order 8"))
        emit(SeverityNumber.WARN, exception_type="ValueError")
        emit(SeverityNumber.ERROR)

        assert [title for title, _ in titles(events)] == [
            "ValueError: boom",
            "NotShipped",
            "NotShipped: order 8",
        ]
        assert events[0].stacktrace == TEXT

    def test_the_exception_that_is_being_handled_is_reported_itself(self, events: CapturedEvents) -> None:
        """As structlog's instrumentation writes it, which leaves the module out."""
        try:
            fail(LookupError("no felt"))
        except LookupError:
            emit(
                SeverityNumber.ERROR,
                exception_type="LookupError",
                exception_message="no felt",
                exception_stacktrace=traceback.format_exc(),
            )
            logger.exception("failed")

        assert titles(events) == [("LookupError: no felt", "log_text")]
        assert events[0].exception.frames[-1].function == "fail"

    def test_our_own_records_are_none(self, app: Application) -> None:
        """An event on its way out by the exporter `app_logs` is no failure."""
        otel_crumbs.install(exporter="app_logs")
        otel_crumbs.capture_exception(ValueError("boom"))
        otel_crumbs.flush(10)

        assert len([record for record in app.kept.records if record.event_name == "exception"]) == 1
