"""The table of rules, in the order in which a text goes through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .assignments import make_assignment_rule
from .commands import SHORT_OPTION, make_option_rule
from .files import KUBERNETES, PGPASS, make_pair_rule
from .headers import AUTHORIZATION, COOKIE, CREDENTIALS
from .markup import make_markup_rule
from .names import EVERYTHING, Names
from .numbers import CARD, IBAN
from .personal import PERSONAL
from .positional import POSITIONAL
from .private_keys import PRIVATE_KEY
from .prose import CODE, SENTENCE
from .rule import Rule
from .sql import REDIS, make_statement_rule
from .tokens import SHAPES
from .urls import LINK, USERINFO, WEBHOOK

# The part of the table that is no rule for texts.
DATA = "data"
DATA_REASON = "values in data whose key names a secret"


def make_rules(names: Names) -> tuple[Rule, ...]:
    """
    Return the rules for texts, those for personal data last.

    Args:
        names: What a name says.

    """
    # Whole structures go before their parts: a header before the token in it.
    return (
        PRIVATE_KEY,
        KUBERNETES,
        AUTHORIZATION,
        COOKIE,
        WEBHOOK,
        LINK,
        USERINFO,
        make_pair_rule(names),
        make_markup_rule(names),
        make_statement_rule(names),
        REDIS,
        make_assignment_rule(names),
        make_option_rule(names),
        SHORT_OPTION,
        POSITIONAL,
        PGPASS,
        SENTENCE,
        CODE,
        CREDENTIALS,
        *SHAPES,
        CARD,
        IBAN,
        *PERSONAL,
    )


def choose_rules(wanted: Iterable[str], *, with_personal: bool) -> frozenset[str]:
    """
    Return the names of the rules that are in use.

    Args:
        wanted: Names of rules that are in use too, and with a `-` before it of those that are not;
            `-all` leaves none but those that are named.
        with_personal: Whether those for personal data are in use if they are not named.

    """
    words = {word.strip().lower() for word in wanted}
    every, personal = frozenset(list_rules()), frozenset(rule.name for rule in PERSONAL)
    chosen = frozenset() if f"-{EVERYTHING}" in words else every if with_personal else every - personal
    return (chosen | (words & every)) - {word[1:] for word in words if word.startswith("-")}


def list_rules() -> Mapping[str, str]:
    """Return the names of all rules, each with what it takes out."""
    return {DATA: DATA_REASON, **{rule.name: rule.reason for rule in make_rules(Names())}}
