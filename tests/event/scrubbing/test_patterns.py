"""Tests of `otel_crumbs.event.scrubbing.patterns`: the user's own regular expressions."""

from __future__ import annotations

import logging

import pytest

import otel_crumbs
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.scrubbing.pattern_cost import LONGEST_PIECE
from otel_crumbs.event.scrubbing.patterns import UserPatterns, split_patterns
from otel_crumbs.export.http.document import document_of
from otel_crumbs.testing import capture_events
from tests.application import raised

BADGE = "ACME-123456"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"ACME-\d{6}", (r"ACME-\d{6}",)),
        (r"ACME-\d{2,6}, [a,b]x,(?:c,d)", (r"ACME-\d{2,6}", "[a,b]x", "(?:c,d)")),
        ("a,b\n\n c \n", ("a", "b", "c")),
        (r"a\,b,[\],],c", (r"a\,b", r"[\],]", "c")),
        (r"foo(,ACME-\d{2,6}", ("foo(", r"ACME-\d{2,6}")),
        (" , ", ()),
    ],
)
def test_a_comma_list_keeps_the_commas_of_expressions(text: str, expected: tuple[str, ...]) -> None:
    """Those within brackets; a bracket that is not closed takes no other expression along."""
    assert split_patterns(text) == expected


def test_what_a_pattern_finds_leaves_nowhere() -> None:
    """In messages, data and its keys, exceptions and stacks, with a mark that is counted."""
    with capture_events(scrub_patterns=[r"ACME-\d{6}"]) as events, otel_crumbs.operation(f"import {BADGE}"):
        otel_crumbs.record(BADGE, category="badges", data={BADGE: 1, "deep": [{"said": f"<{BADGE}>"}]})
        logging.getLogger("shop").warning("badge %s was lost", BADGE)
        otel_crumbs.capture_exception(raised(ValueError(f"no {BADGE}"))[1])

        assert BADGE not in str(document_of(events[0]))
        assert events[0].breadcrumbs[0].data["deep"] == [{"said": "<[scrubbed: pattern]>"}]
        assert events[0].exception.message == "no [scrubbed: pattern]"
        assert events[0].scrubbed == {"pattern": 6}


def test_only_the_group_that_is_named_secret_goes() -> None:
    """The words around it may be needed to find it, and are worth reading."""
    scrubber = Scrubber(patterns=[r"badge (?P<secret>\d{5})(?: of \w+)?"])

    assert scrubber.scrub_text("badge 12345 of ada, badge 1") == "badge [scrubbed: pattern] of ada, badge 1"


def test_the_package_s_own_rules_come_first() -> None:
    """A pattern spoils nothing that they would have found."""
    scrubber = Scrubber(patterns=["BEGIN|password"])

    assert scrubber.scrub_text("password=hunter2") == "[scrubbed: pattern]=[scrubbed: password]"


def test_an_anchor_means_each_text_by_itself() -> None:
    """Also where texts are looked at together."""
    scrubber = Scrubber(patterns=["^hunter2$"])
    breadcrumb = otel_crumbs.Breadcrumb(timestamp=1, message="hunter2", data={"a": "hunter2", "b": "hunter2 x"})

    scrubbed = scrubber.scrub_breadcrumbs([breadcrumb])[0]

    assert (scrubbed.message, scrubbed.data["a"], scrubbed.data["b"]) == (
        "[scrubbed: pattern]",
        "[scrubbed: pattern]",
        "hunter2 x",
    )


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "(?P<x", r"a{99999999999}", "(a+)+$", "(a|a)*b"])
def test_a_pattern_that_cannot_be_used_is_warned_of_once_and_costs_nothing(
    pattern: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names it and the remedy; the others go on, and the event leaves."""
    setting = f"{pattern}\nACME-\\d{{6}}"

    with capture_events(scrub_patterns=setting) as events:
        otel_crumbs.record("a" * 5000 + "! " + BADGE)
        otel_crumbs.capture_exception(raised(ValueError("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"))[1])

        assert events[0].breadcrumbs[0].message.endswith("! [scrubbed: pattern]")
    said = [record.getMessage() for record in caplog.records if "SCRUB_PATTERNS" in record.getMessage()]
    assert len(said) == 1 or pattern == "(a|a)*b"
    assert all(repr(pattern) in words and "Remedy: " in words for words in said)


def test_a_pattern_that_takes_too_long_is_switched_off(caplog: pytest.LogCaptureFixture) -> None:
    """After a quarter of a second that it took beyond what is ordinary; the text still comes back whole."""
    patterns = UserPatterns([r"[a-z]+\d", "hunter2"])
    text = "a" * LONGEST_PIECE * 400

    scrubbed = patterns.scrub(f"hunter2 {text} hunter2")

    assert scrubbed.count("\ufdd0") == 2
    assert len(scrubbed) == len(text) + 4
    assert patterns.scrub("a7 hunter2") == "a7 \ufdd0"
    assert ["took too long" in record.getMessage() for record in caplog.records] == [True]


def test_a_long_text_is_searched_in_pieces_that_end_at_blanks() -> None:
    """Nothing is cut in two where there is a blank to cut at."""
    patterns = UserPatterns([r"ACME-\d{6}"])
    text = f"{BADGE} " * 5000

    assert patterns.scrub(text) == "\ufdd0 " * 5000
    assert patterns.scrub("x" * 100_000) == "x" * 100_000


def test_nothing_found_is_nothing_taken_out() -> None:
    """A pattern that matches the empty text leaves no marks between all characters."""
    text = "hunter2"

    assert UserPatterns(["x*", "(?P<secret>y*)h"]).scrub(text) is text
