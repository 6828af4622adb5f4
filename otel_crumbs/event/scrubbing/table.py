"""The table of rules, in the order in which a text goes through them."""

from __future__ import annotations

from collections.abc import Container

from .assignments import make_assignment_rule
from .commands import SHORT_OPTION, make_option_rule
from .files import KUBERNETES, PGPASS, make_pair_rule
from .headers import AUTHORIZATION, COOKIE, CREDENTIALS
from .markup import make_markup_rule
from .names import Names
from .numbers import CARD, IBAN
from .private_keys import PRIVATE_KEY
from .prose import CODE, SENTENCE
from .rule import Rule
from .sql import REDIS, make_statement_rule
from .tokens import SHAPES
from .urls import LINK, USERINFO, WEBHOOK


def make_rules(names: Names, removed: Container[str] = ()) -> tuple[Rule, ...]:
    """
    Return the rules for texts.

    Args:
        names: What a name says.
        removed: Names of rules that the user does not want.

    """
    # Whole structures go before their parts: a header before the token in it.
    rules = (
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
        PGPASS,
        SENTENCE,
        CODE,
        CREDENTIALS,
        *SHAPES,
        CARD,
        IBAN,
    )
    return tuple(rule for rule in rules if rule.name not in removed)
