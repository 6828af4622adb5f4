"""Callbacks see log lines first, with raven's meaning."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs import breadcrumbs
from otel_crumbs.sources.logs.callbacks import handlers
from otel_crumbs.sources.logs.thresholds import MAX_KNOWN, thresholds
from otel_crumbs.testing import capture_events

logger = logging.getLogger("tests.handlers")


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with capture_events():
        yield
    handlers.reset()
    thresholds.reset()


def messages() -> list[str]:
    """Return the trail's messages."""
    return [breadcrumb.message for breadcrumb in otel_crumbs.trail()]


def test_a_true_result_means_no_breadcrumb() -> None:
    """A handler that dealt with the line suppresses the breadcrumb."""
    breadcrumbs.register_logging_handler(lambda *call: call[2] == "secret")

    logger.warning("secret")
    logger.warning("public")

    assert messages() == ["public"]


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING], ids=["not printed", "printed"])
def test_a_handler_gets_the_call(level: int) -> None:
    """Logger, level, message, arguments and keyword arguments arrive, printed or not."""
    seen: list[tuple[Any, ...]] = []
    breadcrumbs.register_logging_handler(lambda *call: seen.append(call))

    logger.log(level, "hello %s", "world", extra={"user": 3})

    ((said_by, said_level, message, args, kwargs),) = seen
    assert (said_by, said_level, message, args) == (logger, level, "hello %s", ("world",))
    assert kwargs["extra"] == {"user": 3}
    assert messages() == ["hello world"]


def test_a_special_handler_hears_its_logger_only() -> None:
    """The last handler registered for a name counts, for that name alone."""
    breadcrumbs.register_special_log_handler("tests.handlers", lambda *_: False)
    breadcrumbs.register_special_log_handler(logger, lambda *_: True)

    logger.warning("gone")
    logging.getLogger("tests.handlers.child").warning("stays")

    assert messages() == ["stays"]


def test_a_handler_that_raises_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The line is printed and recorded, and a warning names the handler."""

    def broken(*_: Any) -> bool:
        raise RuntimeError("handler broke")

    breadcrumbs.register_logging_handler(broken)

    logger.warning("still here")

    assert messages() == ["still here"]
    assert "still here" in caplog.text
    assert "handler broke" in caplog.text


@pytest.mark.parametrize("pattern", ["oauthlib", "oauthlib.*", logging.getLogger("oauthlib")])
def test_an_ignored_logger_leaves_nothing(pattern: Any) -> None:
    """A name, a pattern or the logger itself can be ignored."""
    breadcrumbs.ignore_logger(pattern)
    name = "oauthlib.token" if pattern == "oauthlib.*" else "oauthlib"

    logging.getLogger(name).error("secret token")
    logging.getLogger("other").error("heard")

    assert messages() == ["heard"]


def test_allow_level_lets_what_is_worse_through() -> None:
    """From allow_level up an ignored logger is heard."""
    breadcrumbs.ignore_logger("noisy", allow_level="error")

    logging.getLogger("noisy").warning("chatter")
    logging.getLogger("noisy").error("trouble")

    assert messages() == ["trouble"]


def test_an_unknown_allow_level_is_named() -> None:
    """The error says what came and what was expected."""
    with pytest.raises(ValueError, match="not 'loud'"):
        breadcrumbs.ignore_logger("noisy", allow_level="loud")


def test_what_was_asked_for_outlives_an_installation() -> None:
    """A library that is ignored in the first line of a program stays so whatever is installed later."""
    breadcrumbs.ignore_logger("noisy")

    otel_crumbs.install(exporter="none", max_breadcrumbs=50, ignore_loggers="quiet")
    otel_crumbs.install(exporter="none", max_breadcrumbs=60)
    for name in ("noisy", "quiet", "shop"):
        logging.getLogger(name).warning(name)

    assert messages() == ["quiet", "shop"]


def test_names_that_are_no_texts_cost_nothing() -> None:
    """Both a logger and a rule may be called by anything."""
    breadcrumbs.ignore_logger(7)  # type: ignore[arg-type]  # that is the point

    logging.Logger(7).warning("ignored")  # type: ignore[arg-type]  # noqa: LOG001 - getLogger() takes no such name
    logging.Logger(8).warning("told")  # type: ignore[arg-type]  # noqa: LOG001 - getLogger() takes no such name

    assert messages() == ["told"]


def test_loggers_without_end_are_not_remembered() -> None:
    """Applications name loggers after connections, and let them go."""
    for number in range(3 * MAX_KNOWN):
        logging.Logger(f"connection.{number}").warning("opened")  # noqa: LOG001 - that is the point

    assert len(thresholds.known) <= MAX_KNOWN
