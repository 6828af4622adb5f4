"""The quick look at a text: which rules might find something in it, which is none for nearly all texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .names import Names
from .rule import Rule
from .strength import Strength

# Shorter texts have no secret and its name; shorter words are no token.
_SHORTEST = 6
_SHORTEST_TOKEN = 16
_MAX_WORDS, _LONGEST_WORD = 2048, 128
_DIGITS = re.compile(r"[0-9]{3}[ -]?[0-9]")
# Of the codes that are secrets; "code" alone is in the names of half of all attributes.
_CODES = ("backup", "confirm", "login", "one-time", "recover", "secur", "sms", "verif")
# A folder of a path and a module's file are the name of no value. A lookahead makes it atomic, so that it is linear.
_NAME = re.compile(r"(?<![\w.-])(?=([\w.-]+))\1(?<!\.py)(?!/)")
# Words that say something with the word before them.
_SECOND_WORDS = frozenset({"key", "keys", "id", "code", "codes"})


class Glance:
    """
    Says which rules a text must go through.

    Args:
        rules: In the order in which texts go through them.
        names: What a name says.

    """

    def __init__(self, rules: Sequence[Rule], names: Names) -> None:
        self._rules = rules
        self._names = names
        self._words = names.hints if any(rule.named for rule in rules) else ()
        self._prefixes = _compile_prefixes({hint for rule in rules if rule.is_token for hint in rule.hints})
        self._with_digits = tuple(rule for rule in rules if rule.has_digits)
        self._looks = tuple(rule for rule in rules if rule.look is not None and not rule.has_digits)
        groups: dict[str, tuple[str, ...]] = {}
        for rule in rules:
            if not (rule.is_token or rule.has_digits or rule.look):
                groups[rule.needs] = (*groups.get(rule.needs, ()), *rule.hints)
        self._direct = tuple(hint for hint in dict.fromkeys(groups.pop("", ())) if hint not in self._words)
        groups["code"] = _CODES if self._words else ()
        # Long words of texts in which nothing was found.
        self._plain_words: set[str] = set()
        self._groups = tuple((needed, hints) for needed, hints in groups.items() if hints)

    def is_harmless(self, text: str) -> bool:
        """Return whether no rule can find anything in a text."""
        if len(text) < _SHORTEST:
            return True
        folded = text.lower() if text.isascii() else text.casefold()
        # Loops, for of so many they are faster than any().
        for hint in self._direct:
            if hint in folded:
                return False
        for word in self._words:
            if word in folded:
                if self._has_name(text):
                    return False
                break
        for needed, hints in self._groups:
            if needed in folded and any(hint in folded for hint in hints):
                return False
        has_digits = bool(self._with_digits) and _DIGITS.search(text) is not None
        if has_digits and _matches_any(self._with_digits, text, folded):
            return False
        # The last look, for it remembers the words of a text in which nothing was found.
        return not (_matches_any(self._looks, text, folded) or self._has_new_token(folded))

    def select_rules(self, text: str) -> list[Rule]:
        """Return the rules that might find something in a text."""
        folded = text.lower() if text.isascii() else text.casefold()
        is_named = ("code" in folded or any(word in folded for word in self._words)) and self._has_name(text)
        has_token = self._has_prefix([word for word in folded.split() if len(word) >= _SHORTEST_TOKEN])
        return [
            rule for rule in self._rules if _matches_rule(rule, text, folded, is_named=is_named, has_token=has_token)
        ]

    def _has_new_token(self, folded: str) -> bool:
        """Return whether a word of a text may be a token; addresses and names of columns come again and again."""
        plain = self._plain_words
        long = [word for word in folded.split() if len(word) >= _SHORTEST_TOKEN and word not in plain]
        if self._has_prefix(long):
            return True
        if len(plain) + len(long) > _MAX_WORDS:
            plain.clear()
        plain.update([word for word in long if len(word) <= _LONGEST_WORD])
        return False

    def _has_prefix(self, long: Sequence[str]) -> bool:
        """Return whether one of some long words may be a token."""
        return bool(long) and self._prefixes.search("\n".join(long)) is not None

    def _has_name(self, text: str) -> bool:
        """Return whether a word of a text may be the name of a secret, alone or with the word before it."""
        if "%" in text and ("%3" in text or "%5" in text or "%2" in text):
            return True
        judge = self._names.judge
        return any(judge(name) is not Strength.NOTHING or name.lower() in _SECOND_WORDS for name in _NAME.findall(text))


def _matches_rule(rule: Rule, text: str, folded: str, *, is_named: bool, has_token: bool) -> bool:
    if rule.is_token:
        return has_token and any(hint in folded for hint in rule.hints)
    if rule.needs not in folded or (rule.look is not None and not rule.look.search(text)):
        return False
    if rule.hints and any(hint in folded for hint in rule.hints):
        return True
    return is_named if rule.named else not rule.hints


def _matches_any(rules: Iterable[Rule], text: str, folded: str) -> bool:
    return any(_matches_rule(rule, text, folded, is_named=False, has_token=False) for rule in rules)


def _compile_prefixes(prefixes: set[str]) -> re.Pattern[str]:
    """Return an expression that finds any of some texts where a word begins."""
    # A prefix that begins with a sign may stand within a word.
    inside = [prefix for prefix in sorted(prefixes) if not prefix[0].isalnum()]
    by_letter: dict[str, list[str]] = {}
    for prefix in sorted(prefixes.difference(inside)):
        by_letter.setdefault(prefix[0], []).append(re.escape(prefix[1:]))
    branches = "|".join(rf"{letter}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())
    starting = [rf"(?<![a-z0-9])(?:{branches})"] if branches else []
    return re.compile("|".join([*starting, *map(re.escape, inside)]) or "(?!)")
