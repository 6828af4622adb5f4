"""How the lines of loguru and structlog reach the trail, as docs/sources.md tells their users."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

import otel_crumbs
from otel_crumbs.testing import capture_events

loguru = pytest.importorskip("loguru")
structlog = pytest.importorskip("structlog")


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with capture_events():
        yield
    loguru.logger.remove()
    structlog.reset_defaults()


class ToLogging(logging.Handler):
    """The sink that loguru's own documentation recommends for the standard logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line on."""
        logging.getLogger(record.name).handle(record)


def test_loguru_reaches_us_through_the_standard_logging() -> None:
    """Level, message and module arrive."""
    loguru.logger.remove()
    loguru.logger.add(ToLogging(), format="{message}")

    loguru.logger.warning("disk {} almost full", "sda")  # noqa: PLE1205 - loguru's own format

    (breadcrumb,) = otel_crumbs.trail()
    assert (breadcrumb.level, breadcrumb.message) == ("warning", "disk sda almost full")
    assert breadcrumb.category == __name__


def test_structlog_reaches_us_through_the_standard_logging() -> None:
    """With its stdlib factory each line is one of the standard logging."""
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )

    structlog.get_logger("shop").warning("cart emptied", items=3)

    (breadcrumb,) = otel_crumbs.trail()
    assert (breadcrumb.category, breadcrumb.level, breadcrumb.message) == ("shop", "warning", "cart emptied")
    assert breadcrumb.data["items"] == 3


def test_structlog_that_prints_itself_can_leave_notes() -> None:
    """Without the standard logging, a processor of one line records each event."""

    def leave_breadcrumb(_: object, method: str, event: dict[str, object]) -> dict[str, object]:
        otel_crumbs.record(str(event["event"]), category="structlog", level=method)
        return event

    structlog.configure(processors=[leave_breadcrumb, structlog.processors.KeyValueRenderer()])

    structlog.get_logger().info("cart emptied")

    (breadcrumb,) = otel_crumbs.trail()
    assert (breadcrumb.category, breadcrumb.message) == ("structlog", "cart emptied")
