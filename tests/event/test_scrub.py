"""Secrets are taken out by key and inside texts, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs import Breadcrumb
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.scrubbing.marks import mark_of
from otel_crumbs.event.scrubbing.names import Names, find_kind
from otel_crumbs.event.scrubbing.table import make_rules
from tests.conftest import GuardedFailures

SECRET = "hunter2"  # noqa: S105 - the secret of these tests


def test_a_text_that_a_rule_fails_for_does_not_leave(
    monkeypatch: pytest.MonkeyPatch, guarded_failures: GuardedFailures
) -> None:
    """It costs that text, and neither the event nor what is in the text."""
    [rule] = [each for each in make_rules(Names()) if each.name == "jwt"]

    def fail(text: str) -> str:
        raise RecursionError(text)

    scrubber = Scrubber()
    monkeypatch.setattr(scrubber._glance, "select_rules", lambda _: [replace(rule, scrub=fail)])

    scrubbed = scrubber.scrub_text(f"password={SECRET}")

    assert scrubbed == mark_of("token")
    assert ["'jwt'" in what for what, _ in guarded_failures] == [True]
    guarded_failures.clear()


@pytest.mark.parametrize(
    "key",
    [
        *("password", "PASSWORD", "db_password", "passwd", "user.password.hash", "Authorization", "x-api-key"),
        *("X-Api-Key", "api key", "apiKey", "access_token", "refresh-token", "client_secret", "Set-Cookie"),
        *("csrfmiddlewaretoken", "sessionid", "session_id", "private_key", "aws_credentials", "X-Goog-Signature"),
    ],
)
def test_a_value_with_such_a_key_goes(key: str) -> None:
    """The case does not matter, and `-`, `_` and blanks are alike."""
    assert Scrubber().scrub_mapping({key: SECRET}) == {key: mark_of(find_kind(key))}


@pytest.mark.parametrize(
    "key", ["author", "authority", "path", "url", "keyboard", "passenger", "monkey", "status", "side"]
)
def test_a_key_that_only_looks_alike_stays(key: str) -> None:
    """`author` is no `authorization`."""
    assert Scrubber().scrub_mapping({key: "value"}) == {key: "value"}


def test_it_goes_at_any_depth() -> None:
    """Mappings within lists within mappings are searched."""
    data = {"a": [{"b": {"password": SECRET}}, "token=hunter2"], "c": {"token": [SECRET, {"d": SECRET}]}}

    assert SECRET not in str(Scrubber().scrub_mapping(data))


def test_placeholders_and_empty_values_stay() -> None:
    """That there was no password, or that one was given, is worth knowing."""
    data = {"password": None, "has_password": True, "token": False}

    assert Scrubber().scrub_mapping(data) == data


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("https://a/b?token=hunter2&page=2", "https://a/b?token=[scrubbed: token]&page=2"),
        ("https://a/b?page=2&access_token=hunter2", "https://a/b?page=2&access_token=[scrubbed: token]"),
        ("https://a/b?X-Amz-Signature=hunter2#top", "https://a/b?X-Amz-Signature=[scrubbed: secret]#top"),
        (
            "UPDATE users SET password = 'hunter2' WHERE id = 7",
            "UPDATE users SET password = [scrubbed: password] WHERE id = 7",
        ),
        ('INSERT {"password": "hunter2", "name": "ada"}', 'INSERT {"password": [scrubbed: password], "name": "ada"}'),
        ("Authorization: Bearer hunter2", "Authorization: Bearer [scrubbed: token]"),
        ("Authorization: Basic aHVudGVyMg==", "Authorization: Basic [scrubbed: token]"),
        ("{'api_key': 'hunter2'}", "{'api_key': [scrubbed: key]}"),
        ("psql --password=hunter2 shop", "psql --password=[scrubbed: password] shop"),
        ("cookie => hunter2", "cookie => [scrubbed: cookie]"),
        ("PGPASSWORD=hunter2 psql", "PGPASSWORD=[scrubbed: password] psql"),
        ("os.environ['API_TOKEN'] = 'hunter2'", "os.environ['API_TOKEN'] = [scrubbed: token]"),
        ('settings["password"]="hunter2"', 'settings["password"]=[scrubbed: password]'),
        ("mysql --password hunter2 shop", "mysql --password [scrubbed: password] shop"),
        ("sync --api-token  hunter2", "sync --api-token  [scrubbed: token]"),
        ("sync --github_token hunter2 --dry-run", "sync --github_token [scrubbed: token] --dry-run"),
    ],
)
def test_a_secret_in_a_text_goes_and_the_rest_stays(said: str, expected: str) -> None:
    """URLs, SQL, JSON, headers and command lines are searched."""
    assert Scrubber().scrub_text(said) == expected


@pytest.mark.parametrize(
    "said",
    [
        "SELECT * FROM users WHERE password = %s",
        "SELECT * FROM users WHERE password = ? AND token = $1",
        "SELECT * FROM users WHERE password = :password",
        "SELECT * FROM users WHERE password = %(password)s",
        "the password was changed",
        "Invalid token",
        "author=ada",
        "token bucket is full",
        "mysql --password --host db shop",
        "--author ada",
        "https://a/author?page=2",
        "GET /password/reset -> 200 in 3.0 ms",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    """Placeholders and plain sentences are worth reading."""
    assert Scrubber().scrub_text(said) == said


def test_the_value_of_an_option_goes_from_a_list_of_arguments() -> None:
    """Command lines are recorded so, one item a word."""
    arguments = ["sync", "--token", SECRET, "--password=hunter2", "--secret", "--dry-run", "token", "ring"]

    assert Scrubber().scrub_value(arguments) == [
        *(
            "sync",
            "--token",
            "[scrubbed: token]",
            "--password=[scrubbed: password]",
            "--secret",
            "--dry-run",
            "token",
            "ring",
        ),
    ]


@pytest.mark.parametrize("piece", ["--a-", "--token", "token", "['", "]" * 3, "--token-token_"])
def test_a_long_text_is_scrub_text_from_one_end_to_the_other(piece: str) -> None:
    """Nothing in it makes the search begin again: otherwise this would not end."""
    said = piece * (1_000_000 // len(piece))

    assert Scrubber().scrub_text(said) == said


def test_a_text_with_many_secrets_loses_all() -> None:
    """All of them go, not only the first."""
    said = "a token=hunter2 b password=hunter2, c secret: hunter2"

    assert SECRET not in Scrubber().scrub_text(said)


def scrub_with_all(said: str) -> str:
    """Return what all rules make of a text, without a glance at it."""
    for rule in make_rules(Names(["password", "api_key", "token", "secret", "my_pass_word"])):
        said = rule.scrub(said)
    return said


@given(st.lists(st.sampled_from(["pass", "word", "Api", "KEY", "to\u212aen", "\u017fecret", "-", "_", "=", ": ", " "])))
def test_a_glance_overlooks_nothing(parts: list[str]) -> None:
    """Texts that are not searched are those in which nothing would be found, letters beyond ASCII included."""
    scrubber = Scrubber(["password", "api_key", "token", "secret", "my_pass_word"])
    said = "".join([*parts, "hunter2"])

    assert scrubber.is_harmless(said) <= (scrub_with_all(said) == said)


@pytest.mark.parametrize("key", ["\u017fecret", "s-e-c-r-e-t"])
def test_a_word_of_any_letters_is_found(key: str) -> None:
    """The quick look does not suffice for such a word."""
    assert Scrubber([key, "other"]).scrub_text(f"x {key}=hunter2") == f"x {key}={mark_of(find_kind(key))}"


def test_the_user_adds_words() -> None:
    """Own words stand beside the package's."""
    scrubber = Scrubber(["iban", "tax id"])

    assert scrubber.scrub_mapping({"IBAN": SECRET, "tax-id": SECRET, "password": SECRET, "name": "kept"}) == {
        "IBAN": "[scrubbed: secret]",
        "tax-id": "[scrubbed: secret]",
        "password": "[scrubbed: password]",
        "name": "kept",
    }
    assert (
        scrubber.scrub_text("iban=hunter2 password=hunter2") == "iban=[scrubbed: secret] password=[scrubbed: password]"
    )


def test_the_user_takes_words_away() -> None:
    """A dash before a word says so; the others stay."""
    scrubber = Scrubber(["-token"])
    said = "token=hunter2 dbtoken=hunter2"

    assert scrubber.scrub_text(said) == said
    assert scrubber.scrub_mapping({"token": SECRET, "secret": SECRET}) == {
        "token": SECRET,
        "secret": "[scrubbed: secret]",
    }


def test_the_user_takes_rules_away() -> None:
    """By their names in the table."""
    scrubber = Scrubber(rules=["-card"])

    assert scrubber.scrub_text("card 4111 1111 1111 1111") == "card 4111 1111 1111 1111"
    assert scrubber.scrub_text("token=hunter2") == "token=[scrubbed: token]"


@pytest.mark.parametrize("keys", [["-all"], ["", "-ALL"]])
def test_everything_can_be_taken_away(keys: list[str]) -> None:
    """Whoever wants everything sent gets it."""
    scrubber = Scrubber(keys)

    assert scrubber.scrub_mapping({"password": SECRET}) == {"password": SECRET}
    assert scrubber.scrub_text("password=hunter2") == "password=hunter2"


def test_a_word_is_no_pattern() -> None:
    """Signs of regular expressions are signs."""
    scrubber = Scrubber(["a.b", "(x"])

    assert scrubber.scrub_mapping({"a.b": SECRET, "(x": SECRET, "aXb": "kept"}) == {
        "a.b": "[scrubbed: secret]",
        "(x": "[scrubbed: secret]",
        "aXb": "kept",
    }


@pytest.mark.parametrize("value", [7, 1.5, None, True, ["a"], {"a": 1}])
def test_other_values_stay(value: Any) -> None:
    """Only texts are searched."""
    assert Scrubber().scrub_value(value) == value


def test_without_a_secret_the_very_same_object_comes_back() -> None:
    """Nothing is copied for nothing."""
    scrubber = Scrubber()
    data = {"a": [1, "x", {"token": None}], "key": "user:17"}
    breadcrumb = Breadcrumb(timestamp=1, message="password reset requested", data=data)

    assert scrubber.scrub_text(breadcrumb.message) is breadcrumb.message
    assert scrubber.scrub_mapping(data) is data
    assert scrubber.scrub_breadcrumbs([breadcrumb])[0] is breadcrumb


@pytest.mark.parametrize(
    "said", ["password=hunter2", "Cookie: a=b; c=d", "https://a:b@c/", "x Bearer aB3aB3aB3aB3aB3aB3"]
)
def test_a_text_that_was_scrubbed_stays_as_it_is(said: str) -> None:
    """The placeholder is no secret."""
    once = Scrubber().scrub_text(said)

    assert "[scrubbed: " in once
    assert Scrubber().scrub_text(once) == once


@pytest.mark.parametrize("place", range(8))
def test_of_many_breadcrumbs_only_those_with_a_secret_change(place: int) -> None:
    """They are looked at together first."""
    crumbs = [Breadcrumb(timestamp=number, message=f"step {number}") for number in range(8)]
    crumbs[place] = replace(crumbs[place], data={"password": SECRET})

    scrubbed = Scrubber().scrub_breadcrumbs(crumbs)

    assert [one is other for one, other in zip(scrubbed, crumbs, strict=True)] == [n != place for n in range(8)]
    assert scrubbed[place].data == {"password": "[scrubbed: password]"}


def test_what_is_bound_to_a_statement_goes_with_the_names_in_it() -> None:
    """Values in the order of the placeholders have no names of their own."""
    bound = {"db.statement.parameters": "('bob', 'hunter2')"}
    crumbs = [
        Breadcrumb(timestamp=1, message=f"FROM users WHERE login = %s AND {column} = %s", data=bound)
        for column in ("password", "city")
    ]

    scrubbed, kept = Scrubber().scrub_breadcrumbs(crumbs)

    assert SECRET not in str(scrubbed)
    assert kept is crumbs[1]


def test_each_rule_has_a_name_a_reason_and_a_source() -> None:
    """The table is what the documentation shows."""
    rules = make_rules(Names())

    assert len({rule.name for rule in rules}) == len(rules)
    assert [rule.name for rule in rules if not rule.reason or not rule.source.startswith("https://")] == []
    assert [hint for rule in rules for hint in rule.hints if hint != hint.lower()] == []


def test_a_text_without_a_secret_is_remembered_and_one_with_a_secret_is_not() -> None:
    """Sources and stacks come again with every error; of those that are searched no secret stays in memory."""
    scrubber = Scrubber()
    harmless = "raise AssertionError('the order was not sent')\n" * 10
    secret = harmless + "password = 'hunter2'"

    for _ in range(2):
        assert scrubber.scrub_text(harmless) is harmless
        assert "hunter2" not in scrubber.scrub_text(secret)
    for number in range(500):
        scrubber.scrub_text(f"{harmless}{number}")

    assert secret not in scrubber._unchanged
    assert len(scrubber._unchanged) <= 64


def test_words_that_are_no_token_are_remembered_within_bounds() -> None:
    """Neither those of a text with a secret nor those that are as long as a body."""
    scrubber = Scrubber()
    for number in range(5000):
        scrubber.scrub_text(f"GET https://api.example.com/customers/{number} {'x' * 1000}")
    named = "GET https://api.example.com/orders?password=hunter2-hunter2"
    token = f"sent ghp_{'a1B2' * 9} to https://api.example.com/v1/orders"

    assert "hunter2" not in scrubber.scrub_text(named)
    assert "ghp_" not in scrubber.scrub_text(token)
    words = scrubber._glance._plain_words
    assert 0 < len(words) <= 2048
    assert max(map(len, words)) <= 128
    assert not any("hunter2" in word or "ghp_" in word for word in words)
