"""What a trail keeps alive is bounded, however large the values are that come in."""

from __future__ import annotations

import logging
import tracemalloc
from collections import OrderedDict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import capture_events

SIZE, VALUES, MOST = 500_000, 20, 5_000_000
# They have no parent, for handlers that keep records would keep the values.
printed, quiet = logging.Logger("printed", logging.INFO), logging.Logger("quiet", logging.ERROR)  # noqa: LOG001
printed.addHandler(logging.NullHandler())


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with capture_events():
        yield


def make_text() -> str:
    """Return a large text that nothing else refers to."""
    return "begin" + "x" * SIZE + "end"


def make_integer() -> int:
    """Return an integer of as many bytes."""
    return 1 << (8 * SIZE)


CALLS: dict[str, Callable[[], Any]] = {
    "a note's message": lambda: otel_crumbs.record(make_text()),
    "a note's message and category": lambda: otel_crumbs.record(make_text(), category="shop"),
    "a note's category": lambda: otel_crumbs.record("paid", category=make_text()),
    "a note's type": lambda: otel_crumbs.record("paid", category="shop", type=make_text()),
    "a note's text": lambda: otel_crumbs.record("paid", data={"a": make_text()}),
    "a note's key": lambda: otel_crumbs.record("paid", data={make_text(): 1}),
    "a note's bytes": lambda: otel_crumbs.record("paid", data={"a": make_text().encode()}),
    "a note's integer": lambda: otel_crumbs.record("paid", data={"a": make_integer()}),
    "a note's list": lambda: otel_crumbs.record("paid", data={"a": [[make_text()] * 9] * 64}),
    "many keys of a note": lambda: otel_crumbs.record("paid", data=dict.fromkeys(map(str, range(1000)))),
    "a line's message": lambda: printed.info(make_text()),
    "a line's message with arguments": lambda: printed.info(make_text() + "%s %d", "a", 1),
    "a line's message with names": lambda: printed.info(make_text() + "%(a)s", {"a": 1}),
    "a line's text": lambda: printed.info("%s", make_text()),
    "a line's texts": lambda: printed.info("%s " * 50, *[f"{number}" + "x" * (SIZE // 50) for number in range(50)]),
    "a line's bytes": lambda: printed.info("%s", make_text().encode()),
    "a line's integer": lambda: printed.info("%x", make_integer()),
    "a line's number": lambda: printed.info("%s", Decimal("1" * SIZE)),
    "a line's named value": lambda: printed.info("%(a)s", {"a": make_text()}),
    "a line's name": lambda: printed.info("hello", {make_text(): 1}),
    "a line's list": lambda: printed.info("%s", [[make_text()], make_text()]),
    "a line's mapping": lambda: printed.info("%s", OrderedDict({"a": make_text()})),
    "a line's field": lambda: printed.info("paid", extra={"a": make_text()}),
    "a line's exception": lambda: printed.info("failed", exc_info=ValueError(make_text())),
    "a line that is not printed": lambda: quiet.info(make_text()),
    "a line's text that is not printed": lambda: quiet.info("%s", make_text()),
    "a line's field that is not printed": lambda: quiet.info("paid", extra={"a": make_text()}),
}


@pytest.mark.parametrize("call", CALLS)
def test_large_values_are_cut_when_they_come_in(call: str) -> None:
    """Twenty values of half a million bytes keep half of that at most."""
    tracemalloc.start()
    for _ in range(VALUES):
        CALLS[call]()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(breadcrumb.repeated for breadcrumb in otel_crumbs.trail()) == VALUES
    assert kept < MOST


def test_both_ends_of_large_values_are_shown() -> None:
    """Whoever reads the story sees how a text began and how it ended."""
    otel_crumbs.record(make_text(), data={"a": make_text()})
    printed.info(make_text())
    quiet.info("%s", make_text())
    printed.info("%s", make_text())
    printed.info(f"50 % of {make_text()} for %s", "ann")
    printed.info("paid", extra={"a": make_text()})
    note, *lines, with_arguments, with_field = otel_crumbs.trail()
    texts = [note.message, note.data["a"], *[line.message for line in lines], with_field.data["a"]]
    assert [(text[:6], text[-4:]) for text in texts] == [("beginx", "xend")] * 6
    assert with_arguments.message.startswith("50 % of beginx")


def test_what_no_event_shows_whole_is_cut_and_the_rest_is_as_it_was() -> None:
    """A line of many texts is one text; a named value stays data."""
    printed.info("%(name)s has %(size)d of " + make_text(), {"name": "ann", "size": 3})
    printed.info("%s and %d", make_text(), 3)
    named, both = otel_crumbs.trail()
    assert named.message.startswith("ann has 3 of beginx")
    assert (named.data["name"], named.data["size"]) == ("ann", 3)
    assert both.message.endswith("xend and 3")
