"""The application's own output, handlers and tracebacks are as without us."""

from __future__ import annotations

import io
import logging
import logging.handlers
import queue
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.sources.logs import logging_hook
from otel_crumbs.testing import capture_events
from tests.application import messages

HERE = Path(__file__).name


@pytest.fixture
def logger() -> logging.Logger:
    """Return a logger of the test's own, which has no parents whose handlers get its lines."""
    return logging.Logger("shop.output", logging.INFO)  # noqa: LOG001 - it ends with the test


@pytest.fixture
def printed(logger: logging.Logger) -> io.StringIO:
    """Return what the logger prints to."""
    stream = io.StringIO()
    logger.addHandler(logging.StreamHandler(stream))
    return stream


class Order:
    """Counts how often its text is asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __str__(self) -> str:
        self.asked += 1
        return "order 7"


def with_and_without(run: Callable[[], Any]) -> list[Any]:
    """Return the results of a function, without us and with us."""
    results = []
    for installed in (nullcontext, capture_events):
        with installed():
            results.append(run())
    return results


def frames_of(frame: FrameType | None) -> list[tuple[str, str, int, Any]]:
    """Return everything that a search for a call site looks at."""
    found = []
    while frame is not None and frame.f_code is not with_and_without.__code__:
        name = frame.f_globals["__name__"]
        found.append((frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno, name))
        frame = frame.f_back
    return found


@pytest.mark.parametrize("place", ["handler", "filter", "filter of the handler"])
def test_frames_are_as_without_us(logger: logging.Logger, place: str) -> None:
    """Files, functions, lines and modules, from a handler and from filters."""
    found: list[Any] = []

    def look(_: logging.LogRecord) -> bool:
        found[:] = frames_of(sys._getframe(1))
        return True

    class Looking(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            look(record)

    handler = Looking() if place == "handler" else logging.NullHandler()
    logger.addHandler(handler)
    if place != "handler":
        (logger if place == "filter" else handler).addFilter(look)
        # A handler that does nothing does not ask its filters either.
        handler.handle = lambda record: bool(handler.filter(record))  # type: ignore[assignment, method-assign]  # it does here

    def run() -> list[Any]:
        logger.warning("said %s", "so")
        logging.LoggerAdapter(logger, {}).error("said")
        return [*found]

    without, with_us = with_and_without(run)

    assert without == with_us
    assert without


@pytest.mark.usefixtures("printed")
def test_a_logging_error_is_printed_as_without_us(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """Its stack and its traceback, letter by letter."""

    def run() -> str:
        logger.warning("%d", "no number")
        return capsys.readouterr().err

    without, with_us = with_and_without(run)

    assert without == with_us
    assert "--- Logging error ---" in without


@pytest.mark.parametrize("way", ["handler", "filter"])
def test_an_error_has_the_traceback_of_before(logger: logging.Logger, way: str) -> None:
    """What a handler or a filter raises."""

    def fail(_: logging.LogRecord) -> bool:
        raise ValueError("boom")

    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            fail(record)

    if way == "handler":
        logger.addHandler(Failing())
    else:
        logger.addFilter(fail)

    def run() -> str:
        try:
            logger.warning("said %s", Order())
        except ValueError:
            return traceback.format_exc()
        return ""

    without, with_us = with_and_without(run)

    assert without == with_us
    assert "boom" in without


def test_lines_nest_as_deep_as_without_us(logger: logging.Logger) -> None:
    """A handler that logs for ever."""
    depth = 0

    class Nesting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            nonlocal depth
            depth += 1
            logger.handle(record)

    logger.addHandler(Nesting())
    record = logger.makeRecord("shop.output", logging.WARNING, "", 0, "said", (), None)

    def run() -> int:
        nonlocal depth
        depth = 0
        with pytest.raises(RecursionError):
            logger.handle(record)
        return depth

    without, with_us = with_and_without(run)

    # The last one of ours may find no room for what it calls.
    assert without - with_us <= 3


def test_an_objects_text_is_asked_for_once(logger: logging.Logger, printed: io.StringIO) -> None:
    """Handlers ask, and the breadcrumb has what they got."""
    order = Order()

    with capture_events():
        logger.info("saw %s", order)

        assert messages() == ["saw order 7"]
    assert (printed.getvalue(), order.asked) == ("saw order 7\n", 1)


def test_an_iterator_is_left_to_the_output(logger: logging.Logger, printed: io.StringIO) -> None:
    """It can be read once only."""

    class Rows:
        def __init__(self) -> None:
            self.rows = iter("abc")

        def __str__(self) -> str:
            return ",".join(self.rows)

    with capture_events():
        logger.info("rows %s", Rows())

        assert messages() == ["rows a,b,c"]
    assert printed.getvalue() == "rows a,b,c\n"


def test_nothing_is_asked_where_no_handler_does(logger: logging.Logger) -> None:
    """The class's name stands for the object."""
    order = Order()
    logger.addHandler(logging.NullHandler())

    with capture_events():
        logger.info("saw %s", order, extra={"order": order})

        (breadcrumb,) = otel_crumbs.trail()
        assert breadcrumb.message == f"saw <{__name__}.Order>"
        assert breadcrumb.data["order"] == f"<{__name__}.Order>"
    assert order.asked == 0


def test_a_queue_handler_formats_the_line_for_us(logger: logging.Logger) -> None:
    """Its listener may print the line much later."""
    order = Order()
    lines: queue.Queue[Any] = queue.Queue()
    logger.addHandler(logging.handlers.QueueHandler(lines))

    with capture_events():
        logger.info("saw %s", order)

        assert messages() == ["saw order 7"]
    assert (lines.get().getMessage(), order.asked) == ("saw order 7", 1)


@pytest.mark.parametrize("words", [("card %s", "4111"), ("card %s", ["4111"]), ("%(card)s", {"card": "4111"})])
@pytest.mark.parametrize("formats", [True, False])
def test_a_handlers_filter_masks_the_breadcrumb_too(
    logger: logging.Logger, words: tuple[Any, ...], *, formats: bool
) -> None:
    """Filters of loggers are not asked for the lines of other loggers, so many lie on handlers."""

    def mask(record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage().replace("4111", "****"), ()
        record.card = "****"
        return True

    class Plain(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            assert record.msg

    handler = logging.StreamHandler(io.StringIO()) if formats else Plain()
    handler.addFilter(mask)
    logger.addHandler(handler)

    with capture_events():
        logger.info(*words, extra={"card": "4111"})

        (breadcrumb,) = otel_crumbs.trail()
        assert "****" in breadcrumb.message
        assert breadcrumb.data["card"] == "****" or type(words[1]) is dict
        assert "4111" not in breadcrumb.message


class OwnError(Exception):
    """An error that counts how often its text is asked for."""

    asked = 0

    def __str__(self) -> str:
        OwnError.asked += 1
        return "boom"


@pytest.mark.usefixtures("printed")
def test_an_errors_text_is_the_one_that_was_printed(logger: logging.Logger) -> None:
    """Below ERROR, where it is no event."""
    without, with_us = with_and_without(lambda: logger.warning("tried", exc_info=OwnError()) or OwnError.asked)

    with capture_events():
        logger.warning("tried", exc_info=OwnError())

        (breadcrumb,) = otel_crumbs.trail()
        assert breadcrumb.data["exception"] == "OwnError: boom"
    assert with_us == 2 * without


@pytest.mark.usefixtures("printed")
def test_an_event_has_the_words_that_were_printed(logger: logging.Logger) -> None:
    """The line that reports an error is the last of its trail."""
    with capture_events() as events:
        logger.error("failed for %s", Order(), exc_info=ValueError("boom"))

        assert [breadcrumb.message for breadcrumb in events[0].breadcrumbs] == ["failed for order 7"]


def test_an_error_is_reported_though_a_handler_fails(logger: logging.Logger) -> None:
    """The line has an object, whose text comes from the handlers."""

    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("no disk")

    logger.addHandler(Failing())

    with capture_events() as events:
        with pytest.raises(RuntimeError, match="no disk"):
            logger.error("failed for %s", Order(), exc_info=ValueError("boom"))

        assert [event.mechanism for event in events] == ["logging"]


class OwnWay(logging.Logger):
    """Calls handlers itself."""

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Call them."""
        for handler in self.handlers:
            handler.handle(record)


class OwnStep(logging.Logger):
    """Does something before handlers are called."""

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Call them."""
        record.step = "own"
        super().callHandlers(record)


@pytest.mark.parametrize("kind", [OwnWay, OwnStep])
def test_a_class_with_a_call_handlers_of_its_own_is_heard_once(kind: type[logging.Logger]) -> None:
    """Whether it calls that of logging or not."""
    own = kind("own")
    own.addHandler(logging.StreamHandler(io.StringIO()))

    with capture_events():
        own.warning("saw %s", Order())
        own.warning("said")

        assert messages() == ["saw order 7", "said"]


def test_loggers_are_heard_before_and_after_a_reload() -> None:
    """Programs reload `logging` to take back what libraries set up."""
    script = """
import importlib, logging
import otel_crumbs
otel_crumbs.install(exporter="none")
old = logging.getLogger("old")
importlib.reload(logging)
logging.getLogger("new").warning("new")
old.warning("old")
old.info("quiet")
print([breadcrumb.message for breadcrumb in otel_crumbs.trail()])
otel_crumbs.uninstall()
print(any("Hook" in str(part) for part in logging.Logger.info.__code__.co_consts + type(old).info.__code__.co_consts))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, encoding="utf-8")

    assert done.stdout.splitlines() == ["['new', 'old', 'quiet']", "False"]


METHODS = ("callHandlers", "handle", *logging_hook._LOG_CALLS)


def test_undoing_puts_every_function_back() -> None:
    """They are the same functions with the same code."""
    before = [(vars(logging.Logger)[name], vars(logging.Logger)[name].__code__) for name in METHODS]

    with capture_events():
        during = [(vars(logging.Logger)[name], vars(logging.Logger)[name].__code__) for name in METHODS]
    after = [(vars(logging.Logger)[name], vars(logging.Logger)[name].__code__) for name in METHODS]

    assert after == before
    assert [function for function, _ in during] == [function for function, _ in before]
    assert all(one is not other for (_, one), (_, other) in zip(during, before, strict=True))


@pytest.mark.usefixtures("printed")
def test_lines_are_heard_where_logging_has_no_source(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen applications have none: printed lines are there, by a stand-in."""
    assert logging.__spec__ is not None
    monkeypatch.setattr(logging.__spec__, "loader", None)

    with capture_events():
        logger.warning("said %s", Order())

        assert messages() == ["said order 7"]
    assert type(logging.Logger.callHandlers) is FunctionType
    assert logging.Logger.callHandlers.__module__ == "logging"
