"""Tests of `otel_crumbs.event.scrubbing.personal`: e-mail and IP addresses, and names of users in paths."""

from __future__ import annotations

import getpass
import linecache
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.scrubbing.names import Names
from otel_crumbs.event.scrubbing.personal import PERSONAL
from otel_crumbs.event.scrubbing.table import choose_rules, make_rules
from otel_crumbs.export.http.document import document_of
from otel_crumbs.export.sentry.payload import payload_of
from otel_crumbs.testing import capture_events
from tests.application import raised

FOUND = [
    ("mail to ada@example.org failed", "mail to [scrubbed: email] failed"),
    ("<bob.o'neil+x@mail.example.co.uk>", "<[scrubbed: email]>"),
    ("/find?user=ada%40example.org&x=1", "/find?user=[scrubbed: email]&x=1"),
    ("mailto:ada@xn--bcher-kva.example", "mailto:[scrubbed: email]"),
    ("peer 192.168.10.24:5432 refused", "peer [scrubbed: address]:5432 refused"),
    ("http://10.1.2.3/x?ip=8.8.8.8", "http://[scrubbed: address]/x?ip=[scrubbed: address]"),
    ("peer [2001:db8:85a3::8a2e:370:7334]:443", "peer [[scrubbed: address]]:443"),
    ("from ::ffff:10.0.0.1", "from [scrubbed: address]"),
    ('File "/home/ada/app/x.py", line 3', 'File "/home/[scrubbed: user]/app/x.py", line 3'),
    ("/Users/ada.b/x and C:\\Users\\ada\\x", "/Users/[scrubbed: user]/x and C:\\Users\\[scrubbed: user]\\x"),
    ("C:\\\\Users\\\\ada\\\\x", "C:\\\\Users\\\\[scrubbed: user]\\\\x"),
]
KEPT = [
    *("git@github.com:acme/x.git", "@ada wrote", "a@b", "x @example.org", "127.0.0.1:80 ::1 0.0.0.0"),
    *("version 1.2.3.4.5", "v1.2.3.4", "std::vector", "at 12:30:45: ready", "::", "256.1.1.1", "fe80::zz"),
    *("https://example.org/home/page", "/Users/Shared/x", "/homework/ada/x", "C:\\Users\\Public\\x"),
]


@pytest.mark.parametrize(("said", "expected"), FOUND)
def test_personal_data_goes_if_it_is_asked_for(said: str, expected: str) -> None:
    """The rest of the text stays, and a second pass changes nothing."""
    scrubber = Scrubber(with_personal=False)

    assert scrubber.scrub_text(said) == expected
    assert scrubber.scrub_text(expected) == expected


@pytest.mark.parametrize("said", [*KEPT, *(said for said, _ in FOUND)])
def test_personal_data_stays_by_default(said: str) -> None:
    """It is often what an error is about."""
    assert Scrubber().scrub_text(said) == said


@pytest.mark.parametrize("said", KEPT)
def test_what_looks_alike_stays(said: str) -> None:
    """Loopback addresses, versions, handles and folders of nobody are not personal."""
    assert Scrubber(with_personal=False).scrub_text(said) == said


def test_one_kind_alone_can_be_chosen() -> None:
    """By the name of its rule, and all but one as well."""
    said = "ada@example.org from 8.8.8.8"

    assert Scrubber(rules=["email"]).scrub_text(said) == "[scrubbed: email] from 8.8.8.8"
    assert (
        Scrubber(rules=["-email"], with_personal=False).scrub_text(said) == "ada@example.org from [scrubbed: address]"
    )


def test_rules_are_chosen_by_name() -> None:
    """Without a word all but those for personal data; a dash takes away, a name adds, in any order."""
    every = {"data", *(rule.name for rule in make_rules(Names()))}
    personal = {rule.name for rule in PERSONAL}

    assert choose_rules([], with_personal=False) == every - personal
    assert choose_rules([], with_personal=True) == every
    assert choose_rules(["-IBAN ", "-card"], with_personal=True) == every - {"iban", "card"}
    assert choose_rules(["card", "-all", "nothing"], with_personal=True) == {"card"}


def test_the_setting_covers_all_of_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of frames too; the line of the source is still there where Sentry shows it."""
    path, source = "/home/ada/shop/views.py", "def check():\n    raise ValueError('no ada@example.org at 8.8.8.8')\n"
    monkeypatch.setitem(linecache.cache, path, (len(source), None, source.splitlines(keepends=True), path))
    scope: dict[str, Any] = {"__name__": "views"}
    exec(compile(source, path, "exec"), scope)  # noqa: S102 - the source of a file in a home

    with capture_events(personal_data="scrub") as events:
        otel_crumbs.record("hello ada@example.org", data={"ip": "8.8.8.8", "ada@example.org": 1})
        try:
            scope["check"]()
        except ValueError as error:
            otel_crumbs.capture_exception(error)
        event = events[0]

    left = str(document_of(event)) + str(payload_of(event))
    assert [word for word in ("ada@example.org", "8.8.8.8", "/home/ada") if word in left] == []
    assert event.exception.frames[-1].path.startswith("/home/[scrubbed: user]/shop/")
    assert event.scrubbed == {"address": 3, "email": 4, "user": 1}


def test_the_name_of_the_user_is_kept_by_default() -> None:
    """A path is as it was."""
    with capture_events() as events:
        otel_crumbs.record(f"/home/{getpass.getuser()}/x")
        otel_crumbs.capture_exception(raised(ValueError("boom"))[1])

        assert events[0].breadcrumbs[0].message == f"/home/{getpass.getuser()}/x"
