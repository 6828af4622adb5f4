"""Secrets in data: behind a key, in a pair of name and value, behind an option in a list of arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .commands import find_secret_arguments
from .marks import Kind, add_kind, mark_of, write_marks
from .names import Names, find_kind, is_about_secrets, split_words
from .numbers import is_card_number
from .rule import Scrub
from .sql import has_secret_column, scrub_bound
from .strength import Strength, is_secret, is_secret_number
from .values import is_random

# The attributes of what is bound to a statement, which has the names.
_BOUND = (
    "db.statement.parameters",
    "db.query.parameter",
    "db.operation.parameter",
    "parameters",
    "params",
    "sql_params",
)
_PAIR = 2
# `{"name": "password", "value": "x"}`, with a few words more.
_VALUES = frozenset({"value", "val"})
_MOST_OF_PAIR = 12
_OF_CARDS = frozenset({"card", "cardnumber", "pan", "cc"})
_LEAST_CODE = 20


class DataScrubber:
    """
    Takes secrets out of plain data, at any depth; data without any is returned as the very same object.

    Args:
        names: What a key says.
        scrub_text: Takes secrets out of texts.

    """

    def __init__(self, names: Names, scrub_text: Scrub) -> None:
        self._names = names
        self._scrub_text = scrub_text

    def scrub_value(self, value: Any) -> Any:
        """Return a value without the secrets in it."""
        if isinstance(value, str):
            return self._scrub_text(value)
        if isinstance(value, Mapping):
            return self.scrub_mapping(value)
        if isinstance(value, list | tuple):
            return self._scrub_items(value)
        return value

    def scrub_mapping(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a mapping without the secrets in its values and in its keys."""
        named = self._find_named(data)
        scrubbed = {
            self._scrub_text(key): self._scrub_named(named if named and key.lower() in _VALUES else key, item)
            for key, item in data.items()
        }
        return data if scrubbed == data else scrubbed

    def scrub_bound(self, statement: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data of a statement without what is bound to it, where the statement names a secret."""
        bound = [key for key in data if key.startswith(_BOUND)]
        if not bound or not has_secret_column(statement, self._names):
            return data
        return {**data, **{key: _hide_texts(data[key]) for key in bound}}

    def _find_named(self, data: Mapping[str, Any]) -> str | None:
        """Return the name that `{"name": "password", "value": "x"}` has for its value."""
        if len(data) > _MOST_OF_PAIR:
            return None
        folded = {key.lower(): item for key, item in data.items()}
        name = folded.get("name", folded.get("key")) if not _VALUES.isdisjoint(folded) else None
        return name if isinstance(name, str) else None

    def _scrub_named(self, key: str, item: Any) -> Any:
        strength = self._names.judge(key)
        if strength is Strength.NOTHING:
            return (
                mark_of("card" if isinstance(item, int) else "code")
                if _is_secret_by_look(key, item)
                else self.scrub_value(item)
            )
        return self._scrub_strong(key, strength, item)

    def _scrub_strong(self, key: str, strength: Strength, item: Any) -> Any:
        if isinstance(item, Mapping | list | tuple) and strength >= Strength.TEXT:
            return mark_of(find_kind(key)) if self._has_secret(strength, item) else item
        if isinstance(item, list | tuple):
            return [self._scrub_strong(key, strength, each) for each in item]
        if isinstance(item, Mapping) and key.endswith("s"):
            return {self._scrub_text(name): self._scrub_strong(key, strength, each) for name, each in item.items()}
        return mark_of(find_kind(key)) if self._has_secret(strength, item) else self.scrub_value(item)

    def _has_secret(self, strength: Strength, item: Any) -> bool:
        if isinstance(item, str):
            return is_secret(strength, item)
        if isinstance(item, bool) or item is None:
            return False
        if isinstance(item, int | float):
            return is_secret_number(strength, item)
        if isinstance(item, Mapping):
            return strength >= Strength.TEXT and any(
                self._has_secret(strength, each) for name, each in item.items() if not is_about_secrets(name)
            )
        return isinstance(item, list | tuple) and any(self._has_secret(strength, each) for each in item)

    def _scrub_items(self, items: Sequence[Any]) -> Sequence[Any]:
        secret = find_secret_arguments(items, self._names)
        if self._is_secret_pair(items):
            secret.add(1)
        scrubbed = [
            mark_of(_find_kind_behind(items[at - 1])) if at in secret else self.scrub_value(item)
            for at, item in enumerate(items)
        ]
        return items if scrubbed == [*items] else scrubbed

    def _is_secret_pair(self, items: Sequence[Any]) -> bool:
        """Return whether items are the name and the value of a header, a cookie, a variable."""
        if len(items) != _PAIR or not isinstance(items[0], str) or not isinstance(items[1], str):
            return False
        strength = self._names.judge(items[0]) if ":" not in items[0][:-1] else Strength.NOTHING
        is_list_of_names = items[1].isidentifier() and items[1].islower()
        return not is_list_of_names and is_secret(strength, items[1])


def _is_secret_by_look(key: str, item: Any) -> bool:
    """Return whether a value that its key alone does not give away is one: the number of a card, a code of OAuth."""
    if type(item) is int:
        return not _OF_CARDS.isdisjoint(split_words(key)) and is_card_number(str(item))
    is_code = key.lower() == "code" and isinstance(item, str) and item.isascii() and " " not in item
    return is_code and is_random(item, _LEAST_CODE) and item.lower() != item != item.upper()


def _find_kind_behind(name: object) -> Kind:
    """Return the kind of a secret by the name, or the option, before it."""
    is_short = isinstance(name, str) and name.startswith("-") and not name.startswith("--")
    return "password" if is_short else find_kind(str(name))


def _hide_texts(value: Any) -> Any:
    if isinstance(value, str):
        return (
            write_marks(add_kind(scrub_bound(value), "secret")) if value[:1] in {"(", "[", "{"} else mark_of("secret")
        )
    if isinstance(value, list | tuple):
        return [_hide_texts(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _hide_texts(item) for key, item in value.items()}
    return value
