"""The model of a rule of scrubbing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .marks import Kind

# "scan" is one pass of an expression over a text, "parse" is a pass that also takes steps of Python for each find.
Cost = Literal["scan", "parse"]
Scrub = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One kind of secret.

    Args:
        name: By which it is switched off.
        kind: What the mark in the secret's place says; by a name, where the rule has one.
        reason: The secrets that it takes out, as a user would name them.
        source: A public page that says how such a secret is written.
        cost: What it costs for a text that has one of the hints; never worse than the text's length.
        hints: A text without any of these, all in lower case, has no such secret, ...
        named: ... unless the name of a secret is in it and this is True; ...
        needs: ... nor has one without this, ...
        has_digits: ... nor one without a few digits, if this is True, ...
        look: ... nor one in which this is not found.
        is_token: Whether the secret is a token, with a hint at its beginning.
        scrub: Returns a text without the secrets, the very same text where there is none.

    """

    name: str
    kind: Kind
    reason: str
    source: str
    cost: Cost
    scrub: Scrub
    hints: tuple[str, ...] = ()
    needs: str = ""
    look: re.Pattern[str] | None = None
    named: bool = False
    has_digits: bool = False
    is_token: bool = False
