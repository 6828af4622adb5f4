"""The scrubbing of secrets: of values by their key, and of texts by the table of rules in `scrubbing`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import report_failure
from otel_crumbs.trails import Breadcrumb

from .scrubbing.data import DataScrubber
from .scrubbing.glance import Glance
from .scrubbing.literals import has_quoted_values, hide_literals, hide_quoted_values
from .scrubbing.marks import add_kind, hide_marks, write_marks
from .scrubbing.names import EVERYTHING, Names
from .scrubbing.patterns import UserPatterns
from .scrubbing.personal import USER_PATH
from .scrubbing.rule import Rule, Scrub
from .scrubbing.statements import has_hint_of_statement, hide_literals_in, hide_literals_in_text
from .scrubbing.table import DATA, choose_rules, make_rules
from .scrubbing.values import MARK

__all__ = ["Scrub", "Scrubber"]


# Keys, categories and short values come again with every breadcrumb.
_MAX_KNOWN, _LONGEST_KNOWN = 1024, 48
# Sources and stacks come again with every error of their kind: those that have no secret are not searched again.
_MAX_UNCHANGED, _SHORTEST_UNCHANGED, _LONGEST_UNCHANGED = 64, 256, 16 * 1024
_SIMPLE = frozenset({int, float, bool, type(None)})
# https://opentelemetry.io/docs/specs/semconv/database/database-spans/
_STATEMENTS = ("db.query.text", "db.statement", "statement")
# Behind the statement of a breadcrumb stands how it failed.
_FAILURE = " -> "


class Scrubber:
    """
    Takes secrets out of texts and of data.

    Args:
        keys: Names of values that are secrets too. One that begins with `-` takes
            away a name of the package's own, or with `-all` all of them.
        rules: Names of rules, each with a `-` before it where it is not to be used; see `choose_rules`.
        patterns: Regular expressions of what is a secret too.
        with_personal: Whether personal data stays.
        with_literals: Whether statements and the errors of databases keep the values in them.

    """

    def __init__(
        self,
        keys: Iterable[str] = (),
        *,
        rules: Iterable[str] = (),
        patterns: Iterable[str] = (),
        with_personal: bool = True,
        with_literals: bool = False,
    ) -> None:
        words = [key.strip() for key in keys if key.strip("- ")]
        removed = {word[1:].strip().lower() for word in words if word.startswith("-")}
        self._with_literals = with_literals
        names = Names([word for word in words if not word.startswith("-")], removed)
        chosen = choose_rules(rules, with_personal=not with_personal)
        self._glance = Glance([rule for rule in make_rules(names) if rule.name in chosen], names)
        self._patterns = UserPatterns(patterns)
        self._known: set[str] = set()
        self._unchanged: set[str] = set()
        self._data = DataScrubber(names if DATA in chosen else Names((), {EVERYTHING}), self._scrub_secrets_of_text)
        self.changes_paths = USER_PATH.name in chosen or bool(self._patterns)

    def scrub_text(self, value: str) -> str:
        """Return a text without the secrets in it, the very same text where there is none."""
        if value in self._unchanged:
            return value
        scrubbed = self._scrub_secrets_of_text(value)
        if not self._with_literals:
            scrubbed = hide_literals_in_text(scrubbed)
        if scrubbed == value and _SHORTEST_UNCHANGED <= len(value) <= _LONGEST_UNCHANGED:
            if len(self._unchanged) >= _MAX_UNCHANGED:
                self._unchanged.clear()
            self._unchanged.add(value)
        return scrubbed

    def _scrub_secrets_of_text(self, value: str) -> str:
        return value if self._has_no_secret(value) else self._scrub_with_rules(value)

    def scrub_error(self, text: str, types: Iterable[str]) -> str:
        """
        Return the message of an exception, or its stack, without secrets and values that a database quotes.

        Args:
            text: The text.
            types: The classes of the exception and of those that it was raised from.

        """
        scrubbed = self.scrub_text(text)
        return (
            scrubbed if self._with_literals or not any(map(has_quoted_values, types)) else hide_quoted_values(scrubbed)
        )

    def is_harmless(self, value: str) -> bool:
        """Return whether a text has no secret by a quick look, which is many times faster than the search."""
        return self._has_no_secret(value) and (self._with_literals or not has_hint_of_statement(value))

    def _has_no_secret(self, value: str) -> bool:
        return self._glance.is_harmless(value) and not (self._patterns and self._patterns.has_any(value))

    def _is_each_harmless(self, texts: list[str]) -> bool:
        if not self._glance.is_harmless("\n".join(texts)):
            return False
        # A pattern may ask for the beginning or the end of a text.
        return not (self._patterns and any(map(self._patterns.has_any, texts)))

    def _scrub_with_rules(self, value: str) -> str:
        scrubbed = hide_marks(value)
        for rule in self._glance.select_rules(value):
            found = _scrub_by_rule(rule, scrubbed)
            if found is not scrubbed and found != scrubbed:
                scrubbed = add_kind(found, rule.kind)
        # Last, so that none of them spoils what a rule would have known a secret by.
        if self._patterns:
            scrubbed = add_kind(self._patterns.scrub(scrubbed), "pattern")
        scrubbed = write_marks(scrubbed)
        return value if scrubbed == value else scrubbed

    def scrub_value(self, value: Any) -> Any:
        """Return a plain value without the secrets in it, at any depth, the very same value where there is none."""
        scrubbed = self._data.scrub_value(value)
        return scrubbed if self._with_literals else hide_literals_in(scrubbed)

    def scrub_mapping(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a plain mapping without the secrets in it, at any depth, the very same one where there is none."""
        scrubbed = self._data.scrub_mapping(data)
        return scrubbed if self._with_literals else _hide_literals_of_data(scrubbed)

    def scrub_breadcrumbs(self, breadcrumbs: Sequence[Breadcrumb]) -> list[Breadcrumb]:
        """Return breadcrumbs without the secrets in them, the very same ones where there is none."""
        texts = self._collect_texts(breadcrumbs)
        may_have_more = True
        if texts is not None and self._is_each_harmless([*texts.statements, *texts.others]):
            scrubbed = [*breadcrumbs]
            may_have_more = not self._with_literals and has_hint_of_statement("\n".join(texts.others))
            if not may_have_more and len(self._known) < _MAX_KNOWN:
                self._known.update(text for text in texts.others if len(text) < _LONGEST_KNOWN)
        elif len(breadcrumbs) > 1:
            middle = len(breadcrumbs) // 2
            return self.scrub_breadcrumbs(breadcrumbs[:middle]) + self.scrub_breadcrumbs(breadcrumbs[middle:])
        else:
            scrubbed = [*map(self._scrub_secrets, breadcrumbs)]
        if self._with_literals:
            return scrubbed
        return [_hide_literals_of(breadcrumb, may_have_more=may_have_more) for breadcrumb in scrubbed]

    def _scrub_secrets(self, breadcrumb: Breadcrumb) -> Breadcrumb:
        data = self._data.scrub_bound(breadcrumb.message, breadcrumb.data)
        changed: dict[str, Any] = {
            "message": self._scrub_secrets_of_text(breadcrumb.message),
            "category": self._scrub_secrets_of_text(breadcrumb.category),
            "branch": self.scrub_text(breadcrumb.branch) if breadcrumb.branch else breadcrumb.branch,
            "data": self._data.scrub_mapping(data),
        }
        is_same = all(value == getattr(breadcrumb, name) for name, value in changed.items())
        return breadcrumb if is_same else replace(breadcrumb, **changed)

    def _collect_texts(self, breadcrumbs: Iterable[Breadcrumb]) -> _Texts | None:
        """Return the texts that are not known to be harmless, None where there is more than texts and numbers."""
        statements: list[str] = []
        texts: list[str] = []
        known = self._known
        for breadcrumb in breadcrumbs:
            data = breadcrumb.data
            (statements if _is_query(breadcrumb) else texts).append(breadcrumb.message)
            texts += (breadcrumb.category, breadcrumb.branch or "")
            for name, value in data.items():
                if name not in known:
                    texts.append(name)
                if type(value) is str:
                    (statements if name in _STATEMENTS else texts).append(value)
                elif type(value) not in _SIMPLE:
                    return None
        return _Texts([*dict.fromkeys(statements)], [text for text in dict.fromkeys(texts) if text not in known])


class _Texts(NamedTuple):
    """The texts of breadcrumbs, of which some are statements as a whole."""

    statements: list[str]
    others: list[str]


def _is_query(breadcrumb: Breadcrumb) -> bool:
    return breadcrumb.type == "query" and breadcrumb.category == "query"


def _hide_literals_of(breadcrumb: Breadcrumb, *, may_have_more: bool) -> Breadcrumb:
    """Return a breadcrumb without the literals of its statements, the very same one where there is none."""
    data, message = breadcrumb.data, breadcrumb.message
    if _is_query(breadcrumb):
        message, data = _hide_literals_of_query(breadcrumb)
    elif "db.statement" in data or "db.query.text" in data:
        data = _hide_statements(data)
    if may_have_more:
        data = hide_literals_in(data)
        message = message if _is_query(breadcrumb) else hide_literals_in_text(message)
    is_same = data is breadcrumb.data and message == breadcrumb.message
    return breadcrumb if is_same else replace(breadcrumb, message=message, data=data)


def _hide_literals_of_data(data: Mapping[str, Any]) -> Mapping[str, Any]:
    # Those of a known database first.
    hidden: Mapping[str, Any] = hide_literals_in(_hide_statements(data))
    return hidden


def _hide_literals_of_query(breadcrumb: Breadcrumb) -> tuple[str, Mapping[str, Any]]:
    """Return the message and the data of a breadcrumb of a statement without its literals."""
    system = breadcrumb.data.get("db.system")
    if breadcrumb.message.startswith("connect "):
        # To a server and a database, in the words of this package.
        return breadcrumb.message, breadcrumb.data
    statement, failure, words = breadcrumb.message, "", ""
    if breadcrumb.level == "error" and _FAILURE in statement:
        statement, failure, words = statement.rpartition(_FAILURE)
    words = hide_literals_in_text(words) if words else ""
    return hide_literals(statement, system) + failure + words, _hide_statements(breadcrumb.data, system)


def _scrub_by_rule(rule: Rule, text: str) -> str:
    """Return a text without the secrets that a rule knows; where the rule fails nothing of the text leaves."""
    try:
        return rule.scrub(text)
    except BaseException as error:
        if is_thrown_in(error):
            raise
        report_failure(f"secrets were taken out by the rule {rule.name!r}", error)
        return MARK


def _hide_statements(data: Mapping[str, Any], system: object = None) -> Mapping[str, Any]:
    """Return data whose statements have no literals, the very same data where there is none."""
    names = [name for name in _STATEMENTS if name in data and (system or name != "statement")]
    if not names:
        return data
    system = system or data.get("db.system.name", data.get("db.system"))
    hidden = {name: hide_literals(data[name], system) for name in names if isinstance(data[name], str)}
    return data if all(data[name] == text for name, text in hidden.items()) else {**data, **hidden}
