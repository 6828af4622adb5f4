"""Log lines that the logger's own level keeps from being printed are breadcrumbs all the same."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

import otel_crumbs
from otel_crumbs.testing import capture_events


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with capture_events():
        yield


@pytest.fixture
def quiet() -> Iterator[logging.Logger]:
    """Yield a logger that prints errors only, and keeps to itself."""
    logger = logging.getLogger("tests.quiet")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    yield logger
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def messages() -> list[str]:
    """Return the trail's messages."""
    return [breadcrumb.message for breadcrumb in otel_crumbs.trail()]


def test_an_info_line_that_is_not_printed_is_recorded(quiet: logging.Logger) -> None:
    """The line has its category, level, message and place, as if it were printed."""
    quiet.info("loaded %d rows of %s", 3, ["a"], extra={"table": "orders"})

    (breadcrumb,) = otel_crumbs.trail()
    assert (breadcrumb.category, breadcrumb.level) == ("tests.quiet", "info")
    assert breadcrumb.message == "loaded 3 rows of ['a']"
    assert breadcrumb.data["table"] == "orders"
    assert breadcrumb.data["code.file.path"] == __file__
    assert breadcrumb.data["code.function.name"] == "test_an_info_line_that_is_not_printed_is_recorded"


def test_lines_below_log_level_are_not_recorded(quiet: logging.Logger) -> None:
    """DEBUG is below the default of LOG_LEVEL."""
    quiet.debug("noise")

    assert messages() == []


@pytest.mark.parametrize("call", ["info", "warning"])
def test_each_method_is_recorded_once(quiet: logging.Logger, call: str) -> None:
    """Every method that is below the logger's level leaves one breadcrumb."""
    getattr(quiet, call)("said")
    quiet.log(logging.INFO, "logged")

    assert messages() == ["said", "logged"]


def test_a_printed_line_is_recorded_once(quiet: logging.Logger) -> None:
    """A line above the logger's level is not recorded a second time."""
    quiet.error("printed")

    assert messages() == ["printed"]


def test_asking_is_enabled_for_records_nothing(quiet: logging.Logger) -> None:
    """An application that asks has not logged anything."""
    assert not quiet.isEnabledFor(logging.INFO)

    assert messages() == []


def test_a_mapping_argument_is_data(quiet: logging.Logger) -> None:
    """The values of ``%(name)s`` are in the message and in the data."""
    quiet.info("%(user)s logged in", {"user": "ada"})

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.message == "ada logged in"
    assert breadcrumb.data["user"] == "ada"


def test_a_logger_adapter_is_heard(quiet: logging.Logger) -> None:
    """Adapters ask on behalf of their logger."""
    logging.LoggerAdapter(quiet, {}).info("adapted")

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.message == "adapted"
    assert breadcrumb.data["code.file.path"] == __file__


def test_arguments_that_do_not_fit_cost_nothing(quiet: logging.Logger) -> None:
    """The bare message is kept, and the application sees no exception."""
    quiet.info("%d of %d", 1)

    assert messages() == ["%d of %d"]


def test_an_argument_that_raises_costs_nothing(quiet: logging.Logger) -> None:
    """An argument whose ``__str__`` raises leaves the bare message."""

    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError

    quiet.info("saw %s", Hostile())

    assert messages() == ["saw %s"]


def test_the_output_of_the_application_is_the_same(quiet: logging.Logger) -> None:
    """File, function, line and stack level of printed lines are those of the caller."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(filename)s %(funcName)s %(levelname)s %(message)s"))
    quiet.addHandler(handler)

    def inner() -> None:
        quiet.error("here")
        quiet.error("one up", stacklevel=2)

    inner()
    quiet.removeHandler(handler)

    assert stream.getvalue().splitlines() == [
        "test_logging_hook_unprinted.py inner ERROR here",
        "test_logging_hook_unprinted.py test_the_output_of_the_application_is_the_same ERROR one up",
    ]


def test_an_exception_is_named(quiet: logging.Logger) -> None:
    """``exc_info`` is told in the data."""
    quiet.warning("failed", exc_info=ValueError("boom"))

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.data["exception"] == "ValueError: boom"


def test_quiet_loggers_leave_no_noise() -> None:
    """urllib3's connection lines repeat what the HTTP breadcrumb says; its warnings do not."""
    logging.getLogger("urllib3.connectionpool").info("Starting new HTTP connection")
    logging.getLogger("urllib3.connectionpool").warning("Retrying")

    assert messages() == ["Retrying"]
