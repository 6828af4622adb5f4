"""Tests of `otel_crumbs.event.scrubbing.pattern_cost`: what could run for ever is known by its form."""

from __future__ import annotations

import re
import time

import pytest

from otel_crumbs.event.scrubbing.pattern_cost import LONGEST_PIECE, is_bounded

USEFUL = (
    *(r"ACME-\d{6}", r"\b\d{3}-\d{2}-\d{4}\b", r"[\w.+-]+@[\w-]+\.[\w.]+", r"(?i)customer[ _]?id\W*(\d+)"),
    *(r"^.*secret.*$", r".*secret.*", r"(?:\w+\.)+\w+", r"(?:[A-Z]+-)+\d", r"(?:\d{4}[ -]?){4}", r"(?<=user=)\w+"),
    *(r".{0,20}foo.{0,20}bar", r"(?P<a>x)\1", r"foo|bar|foobar", r"(?:foo|bar)+", r"[a-z]+\d", r".*foo", r"a*$"),
    *(r'"ssn": *"[^"]*"', r"(?s)BEGIN.*END", r"\bcust_[0-9a-f]{8,32}\b", r"(ACME|ACNE|FOO)[-_]?[0-9A-Z]{4,}"),
    *(r"name: .*, born: \d+", r"<ssn>.*?</ssn>", r"[Ж-Я]{2}\d+", r"(?x) a b # c", r"(x)?(?(1)y|z)", r"(?!a)b[^c]\Sd"),
)
ENDLESS = (
    *(r"(a+)+$", r"(a+)+b", r"(a|aa)+$", r"(.*a){20}", r"(\w+\s?)*$", r"(x+x+)+y", r"(a*)*b", r"(?:.*,)*x"),
    *(r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(a?){30}a{30}", "a?" * 30 + "a" * 30, r".*foo.*bar.*baz!", r"(.+)+@x"),
    *(r"([a-zA-Z]+)*$", r"(a|b|ab)*c", r"(?:\d+|\w+)*!", r"\w*\w*\w*!", r"(?:a{1,30}){1,30}b", r"(?i)(a+)+B"),
)


@pytest.mark.parametrize("pattern", USEFUL)
def test_what_people_write_is_bounded(pattern: str) -> None:
    """An expression without repeats within repeats is none to be afraid of."""
    assert is_bounded(pattern)


@pytest.mark.parametrize("pattern", ENDLESS)
def test_what_goes_back_again_and_again_is_not(pattern: str) -> None:
    """It would hold up the whole process, since nothing stops an expression that runs."""
    re.compile(pattern)

    assert not is_bounded(pattern)


@pytest.mark.parametrize("piece", ["a", "0", "A-", "a.", "foo", "secret", "1.", "<ssn>", "name: ,", "foo ", "ACME-1"])
def test_what_is_bounded_ends_in_any_text(piece: str) -> None:
    """The longest piece of a text takes no second, but a small part of one, on any machine."""
    text = f"{(piece * LONGEST_PIECE)[: LONGEST_PIECE - 1]}\n"
    started = time.thread_time()

    for pattern in USEFUL:
        re.sub(pattern, "", text)

    assert time.thread_time() - started < len(USEFUL)
