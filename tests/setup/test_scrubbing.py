"""Tests of `otel_crumbs.setup.scrubbing`: the settings of scrubbing, and what is said about mistakes in them."""

from __future__ import annotations

from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.setup.config import Config
from otel_crumbs.setup.scrubbing import make_scrubber, warn_of_mistakes
from otel_crumbs.testing import capture_events
from tests.application import raised

CARD, SAID = "4111 1111 1111 1111", "password=hunter2 card 4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "password=[scrubbed: password] card [scrubbed: card]"),
        ({"RULES": "-card"}, f"password=[scrubbed: password] card {CARD}"),
        ({"RULES": "-assignment,-iban"}, "password=hunter2 card [scrubbed: card]"),
        ({"RULES": "-all"}, SAID),
        ({"RULES": "-all,card"}, "password=hunter2 card [scrubbed: card]"),
        ({"KEYS": "-password"}, "password=hunter2 card [scrubbed: card]"),
        ({"KEYS": "-all"}, "password=hunter2 card [scrubbed: card]"),
        ({"KEYS": "card", "RULES": "-card"}, f"password=[scrubbed: password] card {CARD}"),
        ({"PATTERNS": r"\d{4}$"}, "password=[scrubbed: password] card [scrubbed: card]"),
        ({"PATTERNS": "hunter,card"}, "password=[scrubbed: password] [scrubbed: pattern] [scrubbed: card]"),
    ],
)
def test_the_settings_say_what_is_taken_out(variables: dict[str, str], expected: str) -> None:
    """Names of secrets, rules and patterns are three lists, each with its own words."""
    config = Config.read({f"OTEL_CRUMBS_SCRUB_{name}": text for name, text in variables.items()})

    assert make_scrubber(config).scrub_text(SAID) == expected


def test_data_behind_keys_is_a_part_of_the_table() -> None:
    """It can be switched off by name, as the rules."""
    config = Config.read({"OTEL_CRUMBS_SCRUB_RULES": "-data"})

    assert make_scrubber(config).scrub_mapping({"password": "hunter2", "said": "password=hunter2"}) == {
        "password": "hunter2",
        "said": "password=[scrubbed: password]",
    }


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"scrub_rules": ["-ibann"]}, "OTEL_CRUMBS_SCRUB_RULES has '-ibann', which there is not, so that nothing"),
        ({"scrub_rules": ["-ibann"]}, "Remedy: -iban"),
        ({"scrub_rules": ["e-mail"]}, "Remedy: email"),
        ({"scrub_rules": ["-zzzzzzzz"]}, "Remedy: see the table of rules"),
        ({"scrub_keys": ["-pasword"]}, "Remedy: -password"),
        ({"scrub_keys": ["-iban"]}, "Remedy: OTEL_CRUMBS_SCRUB_RULES=-iban"),
    ],
)
def test_a_name_that_there_is_not_is_warned_of(
    options: dict[str, Any], remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With the nearest that there is."""
    warn_of_mistakes(Config.read({}, options))

    assert [remedy in record.getMessage() for record in caplog.records] == [True]


def test_names_that_there_are_are_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """Words of the package's own are judged as names are: whole, in any spelling."""
    warn_of_mistakes(
        Config.read(
            {}, {"scrub_rules": ["-all", "Card", "-iban"], "scrub_keys": ["-all", "-sessionId", "own", "-api_key"]}
        )
    )

    assert caplog.records == []


def test_install_warns_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """What else is set still counts."""
    with capture_events(scrub_rules="-crad,-iban", scrub_keys="ssn") as events:
        otel_crumbs.record("ssn=1234 to DE89 3704 0044 0532 0130 00 by 4111 1111 1111 1111")
        otel_crumbs.capture_exception(raised(ValueError("boom"))[1])

        assert events[0].breadcrumbs[0].message == (
            "ssn=[scrubbed: secret] to DE89 3704 0044 0532 0130 00 by [scrubbed: card]"
        )
    assert ["Remedy: -card" in record.getMessage() for record in caplog.records] == [True]
