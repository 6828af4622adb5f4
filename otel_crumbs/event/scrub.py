"""The scrubbing of secrets: of values by their key, and of texts by the table of rules in `scrubbing`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from otel_crumbs.trails import Breadcrumb

from .scrubbing.data import DataScrubber
from .scrubbing.names import EVERYTHING, Names
from .scrubbing.rule import SCRUBBED, Rule, Scrub
from .scrubbing.table import make_rules
from .scrubbing.values import MARK

__all__ = ["SCRUBBED", "Scrub", "Scrubber"]

_SHORTEST = 6


class Scrubber:
    """
    Takes secrets out of texts and of data.

    Args:
        keys: Names of values that are secrets too. One that begins with `-` takes
            away: a name of the package's own, a rule, or with `-all` everything.

    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        words = [key.strip() for key in keys if key.strip("- ")]
        removed = {word[1:].strip().lower() for word in words if word.startswith("-")}
        names = Names([word for word in words if not word.startswith("-")], removed)
        rules = () if EVERYTHING in removed else make_rules(names, removed)
        self._hints = _combine_hints(rules, names)
        self._looks = tuple(rule.look for rule in rules if rule.look is not None)
        self._hinted = tuple((rule, rule.hints + (names.hints if rule.named else ())) for rule in rules)
        self._data = DataScrubber(names, self.scrub_text)

    def scrub_text(self, value: str) -> str:
        """Return a text without the secrets in it, the very same text where there is none."""
        return value if self.is_harmless(value) else self._apply_rules(value)

    def is_harmless(self, value: str) -> bool:
        """Return whether a text has no secret by a quick look, which is many times faster than the search."""
        if len(value) < _SHORTEST:
            return True
        folded = value.lower() if value.isascii() else value.casefold()
        # A loop, for of so many it is faster than any().
        for hint in self._hints:  # noqa: SIM110 - as in the quick look
            if hint in folded:
                return False
        for look in self._looks:  # noqa: SIM110 - as the loop before it
            if look.search(value):
                return False
        return True

    def _apply_rules(self, value: str) -> str:
        folded = value.lower() if value.isascii() else value.casefold()
        scrubbed = value.replace(SCRUBBED, MARK)
        for rule, hints in self._hinted:
            if any(hint in folded for hint in hints) or (rule.look is not None and rule.look.search(value)):
                scrubbed = rule.scrub(scrubbed)
        scrubbed = scrubbed.replace(MARK, SCRUBBED)
        return value if scrubbed == value else scrubbed

    def scrub_value(self, value: Any) -> Any:
        """Return a plain value without the secrets in it, at any depth, the very same value where there is none."""
        return self._data.scrub_value(value)

    def scrub_mapping(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a plain mapping without the secrets in it, at any depth, the very same one where there is none."""
        return self._data.scrub_mapping(data)

    def scrub_breadcrumb(self, breadcrumb: Breadcrumb) -> Breadcrumb:
        """Return a breadcrumb without the secrets in it, the very same one where there is none."""
        texts = [breadcrumb.message, breadcrumb.category, breadcrumb.branch or "", *breadcrumb.data]
        is_flat = True
        for value in breadcrumb.data.values():
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, list | tuple | Mapping):
                is_flat = False
        # One look at all of it is cheaper than one at each.
        if is_flat and self.is_harmless("\n".join(texts)):
            return breadcrumb
        data = self._data.scrub_bound(breadcrumb.message, breadcrumb.data)
        changed: dict[str, Any] = {
            "message": self.scrub_text(breadcrumb.message),
            "category": self.scrub_text(breadcrumb.category),
            "branch": self.scrub_text(breadcrumb.branch) if breadcrumb.branch else breadcrumb.branch,
            "data": self._data.scrub_mapping(data),
        }
        is_same = all(value == getattr(breadcrumb, name) for name, value in changed.items())
        return breadcrumb if is_same else replace(breadcrumb, **changed)


def _combine_hints(rules: Iterable[Rule], names: Names) -> tuple[str, ...]:
    """Return the hints of all rules, without those that have another one in them, the most frequent ones first."""
    words = {hint for rule in rules for hint in rule.hints + (names.hints if rule.named else ())}
    kept = [word for word in words if not any(other in word for other in words - {word})]
    return tuple(sorted(kept, key=lambda word: (len(word), word)))
