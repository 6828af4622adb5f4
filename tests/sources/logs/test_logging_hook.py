"""Lines of the standard logging that are printed become breadcrumbs, and the output stays as it is."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs import Breadcrumb
from otel_crumbs.sources.logs.thresholds import thresholds
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, messages


class Order:
    """Something mutable, as applications log it."""

    def __init__(self, state: str) -> None:
        self.state = state

    def __str__(self) -> str:
        return f"order {self.state}"


class Hostile:
    """Raises when it is formatted."""

    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


@pytest.fixture(autouse=True)
def _installed(events: CapturedEvents) -> None:
    """Have breadcrumbs in place."""


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Yield a logger of the test's own, which is put back in the end."""
    own = logging.getLogger("shop.orders")
    before = own.level, own.propagate, own.handlers[:], own.filters[:]
    own.setLevel(logging.DEBUG)
    yield own
    own.level, own.propagate, own.handlers, own.filters = before


def the_only() -> Breadcrumb:
    """Return the only breadcrumb."""
    [breadcrumb] = otel_crumbs.trail()
    return breadcrumb


def test_a_line_has_its_logger_level_words_and_place(logger: logging.Logger) -> None:
    """Category, level, formatted message, and where it was logged."""
    logger.warning("order %d of %s", 7, "ada")

    breadcrumb = the_only()
    assert (breadcrumb.category, breadcrumb.level, breadcrumb.type) == ("shop.orders", "warning", "default")
    assert breadcrumb.message == "order 7 of ada"
    assert breadcrumb.data["code.file.path"] == __file__
    assert breadcrumb.data["code.function.name"] == "test_a_line_has_its_logger_level_words_and_place"
    assert breadcrumb.data["code.line.number"] > 0


@pytest.mark.parametrize(
    ("number", "level"),
    [(20, "info"), (25, "info"), (30, "warning"), (40, "error"), (45, "error"), (50, "fatal"), (99, "fatal")],
)
def test_levels_in_between_are_the_lower_one(logger: logging.Logger, number: int, level: str) -> None:
    """Own levels are told as the nearest below."""
    logger.log(number, "line")

    assert the_only().level == level


def test_debug_is_left_out_unless_asked_for(logger: logging.Logger) -> None:
    """`log_level` decides."""
    logger.debug("not asked for")
    before = messages()

    with capture_events(log_level="debug"):
        logger.debug("asked for")

        assert (before, messages(), the_only().level) == ([], ["asked for"], "debug")


def test_a_logger_that_does_not_propagate_is_heard(logger: logging.Logger) -> None:
    """A handler on the root would miss it."""
    logger.propagate = False

    logger.info("to myself")

    assert messages() == ["to myself"]


def test_a_line_that_a_filter_of_the_logger_drops_is_left_out(logger: logging.Logger) -> None:
    """What the application decided not to say is not told."""
    logger.addFilter(lambda record: "secret" not in record.getMessage())

    logger.info("a secret")
    logger.info("a word")

    assert messages() == ["a word"]


def test_what_is_attached_is_data(logger: logging.Logger) -> None:
    """`extra` is copied; what `logging` itself puts there is not."""
    extra = {"order": 7, "items": ["a"], "hostile": Hostile()}

    logger.info("line", extra=extra)
    extra["items"].append("later")  # type: ignore[attr-defined]  # it is a list

    data = the_only().data
    assert (data["order"], data["items"]) == (7, ["a"])
    assert data["hostile"] == f"<{__name__}.Hostile>"
    assert not {"msg", "args", "levelno", "thread", "processName", "taskName", "otelTraceID"} & set(data)


def test_named_arguments_are_data(logger: logging.Logger) -> None:
    """`%(user)s` with a mapping."""
    logger.info("%(user)s bought %(count)d", {"user": "ada", "count": 3})

    assert the_only().message == "ada bought 3"
    assert (the_only().data["user"], the_only().data["count"]) == ("ada", 3)


def test_an_object_has_the_words_that_were_printed(logger: logging.Logger) -> None:
    """It may change before an error asks."""
    order = Order("open")

    logger.info("saw %s", order)
    order.state = "shipped"

    assert messages() == ["saw order open"]


def test_an_object_as_the_message_has_the_words_that_were_printed(logger: logging.Logger) -> None:
    """`logger.info(exception)` and the like."""
    order = Order("open")

    logger.info(order)
    order.state = "shipped"

    assert messages() == ["order open"]


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("%d of %d", (1,)),
        ("no place", (1, 2)),
        ("%q", (1,)),
        ("%(name)s", (1,)),
        ("100%", (1,)),
    ],
)
def test_a_broken_line_costs_nothing(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, message: str, args: tuple[Any, ...]
) -> None:
    """The bare message is told, and the application's own handlers see what they saw before."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger.propagate = False
    logger.addHandler(logging.StreamHandler(io.StringIO()))

    logger.info(message, *args)

    assert messages() == [message]


def test_an_argument_that_raises_is_named_by_its_class(logger: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """No handler could print it."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logger.propagate = False
    logger.addHandler(logging.StreamHandler(io.StringIO()))

    logger.info("saw %s", Hostile())

    assert messages() == [f"saw <{__name__}.Hostile>"]


def test_a_percent_sign_without_arguments_is_kept(logger: logging.Logger) -> None:
    """No arguments, no formatting."""
    logger.info("100% done")

    assert messages() == ["100% done"]


def test_an_exception_is_named(logger: logging.Logger) -> None:
    """Below ERROR it is a breadcrumb with the exception's words."""
    logger.warning("tried", exc_info=ValueError("boom"))

    assert the_only().data["exception"] == "ValueError: boom"


def printed(logger: logging.Logger) -> str:
    """Log in all ways, and return what the application's own handler printed."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(filename)s:%(lineno)d %(funcName)s %(message)s"))
    logger.propagate = False
    logger.addHandler(handler)
    logger.info("line %d", 1)
    logger.log(35, "line %s", "two", stacklevel=2)
    logging.LoggerAdapter(logger, {}).error("line three")
    logger.exception("line four", exc_info=ValueError("boom"))  # noqa: LOG004 - outside an except block, too
    logger.debug("line five", stack_info=True)
    logger.removeHandler(handler)
    return stream.getvalue()


def test_the_output_is_the_same_with_and_without_us(logger: logging.Logger) -> None:
    """File, line, function, traceback and stack of every line, letter by letter."""
    outputs = []
    for undo in (lambda: None, otel_crumbs.uninstall):
        undo()
        outputs.append(printed(logger))

    assert outputs[0] == outputs[1]
    assert outputs[0].count("test_logging_hook.py") >= 5


# Without its instrumentation of logging there is only the SDK's handler, which newer releases call deprecated.
_where_only_the_sdk_has_a_handler = pytest.mark.filterwarnings(
    "ignore:`LoggingHandler` in `opentelemetry-sdk` is deprecated:DeprecationWarning"
)


@_where_only_the_sdk_has_a_handler
def test_opentelemetrys_handler_beside_us_makes_one_breadcrumb(app: Application, logger: logging.Logger) -> None:
    """A line that is also a log record is told once, and is exported as before."""
    handler = _otel_handler(app)
    logger.addHandler(handler)

    logger.warning("line", extra={"order": 7})
    logger.removeHandler(handler)

    assert [(crumb.message, crumb.repeated, crumb.category) for crumb in otel_crumbs.trail()] == [
        ("line", 1, "shop.orders")
    ]
    assert [record.body for record in app.kept.records] == ["line"]


@_where_only_the_sdk_has_a_handler
def test_an_exception_logged_through_opentelemetrys_handler_is_one_event(
    app: Application, events: CapturedEvents, logger: logging.Logger
) -> None:
    """The line and the record carry the same exception."""
    handler = _otel_handler(app)
    logger.addHandler(handler)

    logger.error("failed", exc_info=ValueError("boom"))
    logger.removeHandler(handler)

    assert [event.mechanism for event in events] == ["logging"]


def _otel_handler(app: Application) -> logging.Handler:
    """Return OpenTelemetry's handler, which has moved from the SDK to its instrumentation of logging."""
    try:
        from opentelemetry.instrumentation.logging.handler import LoggingHandler  # noqa: PLC0415 - newer releases
    except ImportError:
        from opentelemetry.sdk._logs import LoggingHandler  # noqa: PLC0415 - older releases
    return LoggingHandler(logger_provider=app.logger_provider)


@pytest.mark.parametrize(
    "handled", [logging.getLogger("shop"), logging.getLogger("django.request")], ids=["own", "framework"]
)
def test_who_logs_says_whether_it_was_handled(handled: logging.Logger, events: CapturedEvents) -> None:
    """Frameworks log what nobody handled; an application logs what it dealt with."""
    handled.error("failed", exc_info=ValueError("boom"))

    assert events[0].handled is (handled.name == "shop")


def test_ignored_loggers_leave_nothing(logger: logging.Logger) -> None:
    """They are ignored by name, by pattern, and below a level."""
    with capture_events(ignore_loggers=["shop.*"]):
        logger.error("ignored")
        ignored = messages()
        otel_crumbs.ignore_logger("other", allow_level="error")
        logging.getLogger("other").warning("ignored")
        logging.getLogger("other").error("allowed")

        assert (ignored, messages()) == ([], ["allowed"])


def test_a_handler_that_logs_does_not_go_round_in_circles(logger: logging.Logger) -> None:
    """A line logged while another is handled is one breadcrumb more."""

    class Chatty(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name != "chatty":
                logging.getLogger("chatty").warning("handled %s", record.getMessage())

    logger.addHandler(Chatty())

    logger.info("line")

    assert messages() == ["line", "handled line"]


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("sqlalchemy.orm.mapper.Mapper", logging.WARNING),
        ("alembic.runtime.plugins.setup", logging.WARNING),
        ("opentelemetry.attributes", logging.ERROR),
        ("sqlalchemy.engine", logging.INFO),
    ],
)
def test_what_libraries_say_of_themselves(name: str, least: int) -> None:
    """It would push out the story, and from a level on it is one."""
    assert thresholds.of(name) == least
