"""Tests of `otel_crumbs.event.scrubbing.marks`: what was taken out tells its kind, and is counted."""

from __future__ import annotations

import logging

import pytest

import otel_crumbs
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.scrubbing.marks import KINDS, count_marks, find_marks, mark_of
from otel_crumbs.event.scrubbing.names import Names
from otel_crumbs.event.scrubbing.table import make_rules
from otel_crumbs.testing import capture_events
from tests.application import raised

GITHUB = "ghp_" + "a1B2c3D4e5" * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"clone with {GITHUB}", "clone with [scrubbed: token]"),
        (f"clone with github_pw={GITHUB}", "clone with github_pw=[scrubbed: password]"),
        ("paid by 4111 1111 1111 1111", "paid by [scrubbed: card]"),
        ("to DE89 3704 0044 0532 0130 00", "to [scrubbed: account]"),
        ("key AKIAIOSFODNN7EXAMPLQ", "key [scrubbed: key]"),
        ("postgresql://ada:hunter2@db/shop", "postgresql://ada:[scrubbed: password]@db/shop"),
        ("Cookie: theme=dark7391", "Cookie: theme=[scrubbed: cookie]"),
        ("Authorization: Bearer hunter2", "Authorization: Bearer [scrubbed: token]"),
        ("pin: 4711, otp=123456", "pin: [scrubbed: code], otp=[scrubbed: code]"),
        ("client_secret=hunter2", "client_secret=[scrubbed: secret]"),
        ("ALTER USER ada PASSWORD 'hunter2'", "ALTER USER ada PASSWORD [scrubbed: password]"),
        ("mysql -phunter2 shop", "mysql -p[scrubbed: password] shop"),
    ],
)
def test_the_mark_has_the_kind(text: str, expected: str) -> None:
    """By the name where there is one, by the rule elsewhere; a second pass changes nothing."""
    scrubber = Scrubber()

    assert scrubber.scrub_text(text) == expected
    assert scrubber.scrub_text(expected) == expected


def test_each_rule_has_a_kind_of_the_documented_ones() -> None:
    """The kinds are a small fixed set."""
    assert {rule.kind for rule in make_rules(Names())} <= set(KINDS)


def test_marks_are_found_with_their_places() -> None:
    """Those of an older version, which told no kind, too."""
    text = f"a {mark_of('token')} b [scrubbed] c [scrubbed: nothing]"

    assert [(kind, text[start:end]) for kind, start, end in find_marks(text)] == [
        ("token", "[scrubbed: token]"),
        (None, "[scrubbed]"),
    ]


def test_marks_are_counted_at_any_depth() -> None:
    """In keys, too."""
    token = mark_of("token")

    counts = count_marks([f"{token} {token}", {"a": [mark_of("card"), {token: 7}]}, None, 3])

    assert counts == {"card": 1, "token": 3}


def test_an_event_counts_what_was_taken_out() -> None:
    """In breadcrumbs, the exception and what the application said; the stack trace's text is not counted again."""
    with capture_events() as events, otel_crumbs.context(password="hunter2"):  # noqa: S106 - is to be taken out
        otel_crumbs.record("login", data={"token": "hunter2"})
        logging.getLogger("shop").warning("paid by 4111 1111 1111 1111")
        otel_crumbs.capture_exception(raised(ValueError(f"no access with {GITHUB}"))[1])

        assert events[0].scrubbed == {"card": 1, "password": 1, "token": 2}
        assert "[scrubbed: token]" in events[0].stacktrace


def test_an_event_without_secrets_counts_none() -> None:
    """It has no such attribute."""
    with capture_events() as events:
        otel_crumbs.record("login")
        otel_crumbs.capture_exception(raised(ValueError("no access"))[1])

        assert events[0].scrubbed == {}
