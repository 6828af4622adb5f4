"""A breadcrumb is told in one line."""

from __future__ import annotations

import pytest

from otel_crumbs.view.breadcrumb_line import (
    format_data,
    format_duration,
    format_marks,
    format_message,
    format_relative_time,
)
from tests.demo.events import ZERO, crumb


@pytest.mark.parametrize(
    ("at", "reported"),
    [
        ("20:26:38.760000", "-1.24 s"),
        ("20:26:39.938000", "-62 ms"),
        ("20:26:39.998800", "-1.2 ms"),
        ("20:26:41.000000", "+1.00 s"),
    ],
)
def test_times_are_relative_to_the_error(at: str, reported: str) -> None:
    """Times have a sign, and the unit that people would use."""
    assert format_relative_time(crumb("x", at)["timestamp"], ZERO) == reported


def test_sql_shows_the_table_and_the_condition() -> None:
    """A list of twenty columns would hide both."""
    statement = (
        'SELECT "shop_order"."id", "shop_order"."customer", "shop_order"."receipt" FROM "shop_order" '
        'INNER JOIN "shop_product" ON ("shop_order"."product_id" = "shop_product"."id") WHERE "shop_order"."id" = %s'
    )

    reported = format_message(crumb(statement, type="query"))

    assert reported == "SELECT … FROM shop_order INNER JOIN shop_product WHERE shop_order.id = %s"


def test_short_sql_stays_as_it_is() -> None:
    """There is nothing to win."""
    assert format_message(crumb("SELECT name FROM shop_product", type="query")) == "SELECT name FROM shop_product"


def test_only_sql_is_shortened() -> None:
    """A log line that looks like SQL is somebody's own words."""
    words = 'SELECT "everything", that there is, and then some more FROM "the shelf"'

    assert format_message(crumb(words)) == words


def test_data_that_the_message_reports_is_left_out() -> None:
    """What remains are a few short items."""
    data = {"order": 7, "http.method": "GET", "customer": "ada", "blob": "x" * 99, "more": 1, "most": 2}

    assert format_data(crumb("order 7", data=data)) == f"customer=ada  blob={'x' * 31}…  more=1"


def test_an_error_is_reported_once() -> None:
    """The message names it already."""
    failed = crumb("UPDATE shop -> IntegrityError", type="query", data={"error": "IntegrityError: CHECK failed"})

    assert format_data(failed) == ""


def test_marks_say_what_is_special() -> None:
    """Repeated, still open, from elsewhere."""
    special = crumb("x", repeated=3, in_flight=True, branch="worker-1")

    assert format_marks(special) == "x3, in flight, in worker-1"
    assert format_marks(crumb("x")) == ""


def test_a_duration_is_reported_once() -> None:
    """The message of an HTTP call has it already, and what is in flight has none."""
    assert format_duration(crumb("SELECT 1", type="query", duration_ms=3.14)) == "3.1 ms"
    assert format_duration(crumb("SELECT 1", type="query", duration_ms=0.31)) == "", "that is no wait"
    assert format_duration(crumb("GET / -> 200 in 12 ms", type="http", duration_ms=12)) == ""
    assert format_duration(crumb("work", duration_ms=12, in_flight=True)) == ""


def test_one_table_needs_no_naming_of_its_columns() -> None:
    """Object mappers name the table before each of them."""
    statement = 'UPDATE "shop_product" SET "stock" = ("shop_product"."stock" - %s) WHERE "shop_product"."id" = %s'

    reported = format_message(crumb(statement, type="query"))

    assert reported == "UPDATE shop_product SET stock = (stock - %s) WHERE id = %s"
