"""The scrubbing of secrets: by key, and inside texts such as URLs, SQL and command lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from otel_crumbs.base.defaults import DEFAULT_SCRUB_KEYS

SCRUBBED = "[scrubbed]"

# The same few hundred keys come again with every event.
_MAX_KNOWN_KEYS = 1024


class Scrubber:
    """
    Takes out values whose key contains one of *keys*, whatever the case, ``-`` and ``_`` alike.

    Inside texts ``key=value`` and ``key: value`` are recognised, so that a
    secret in a URL, in SQL or in a command line goes and the rest stays.
    """

    def __init__(self, keys: Iterable[str] = DEFAULT_SCRUB_KEYS) -> None:
        plain = [_normalise_key(key) for key in keys if key.strip()]
        words = [re.escape(key).replace("_", "[-_]?") for key in plain]
        self._key = re.compile("|".join(words), re.IGNORECASE) if words else None
        self._in_text = _compile_assignment(words) if words else None
        self._option = _compile_option(words) if words else None
        self._simple_keys = _simplify_keys(plain)
        self._is_secret_key = lru_cache(_MAX_KNOWN_KEYS)(self._matches_key)

    def scrub_text(self, value: str) -> str:
        """Return a text without the secrets assigned in it."""
        return value if self._is_harmless(value) else self._scrub_assignments(value)

    def _scrub_assignments(self, value: str) -> str:
        if self._in_text is None or self._option is None:
            return value
        return self._option.sub(_hide, self._in_text.sub(_hide, value))

    def _is_harmless(self, value: str) -> bool:
        """Return whether a text has no secret by a quick look, which is many times faster than the search."""
        if "=" not in value and ":" not in value and "--" not in value:
            return True
        # Beyond ASCII two letters may be alike to the expression, and not to a glance.
        if not self._simple_keys or not value.isascii():
            return False
        bare = _remove_separators(value.lower())
        # A loop, for of the few that there are it is faster than any().
        for word in self._simple_keys:  # noqa: SIM110 - as in the quick look
            if word in bare:
                return False
        return True

    def scrub_value(self, value: Any) -> Any:
        """Return a plain value without the secrets in it, at any depth."""
        if isinstance(value, str):
            return self.scrub_text(value)
        if isinstance(value, Mapping):
            return self.scrub_mapping(value)
        if isinstance(value, list | tuple):
            return [*self._scrub_items(value)]
        return value

    def _scrub_items(self, values: Iterable[Any]) -> Iterator[Any]:
        """Iterate over items; one that follows an option such as ``--password`` is its value."""
        before: Any = None
        for item in values:
            is_value = isinstance(item, str) and isinstance(before, str) and self._is_secret_option(before)
            yield SCRUBBED if is_value and not item.startswith("-") else self.scrub_value(item)
            before = item

    def _is_secret_option(self, word: str) -> bool:
        return self._option is not None and self._option.fullmatch(f"{word} _") is not None

    def scrub_mapping(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a plain mapping without the secrets in it, at any depth."""
        return {key: SCRUBBED if self._is_secret(key, item) else self.scrub_value(item) for key, item in data.items()}

    def _is_secret(self, key: str, item: Any) -> bool:
        if item is None or isinstance(item, bool):
            return False
        return self._is_secret_key(key)

    def _matches_key(self, key: str) -> bool:
        return self._key is not None and self._key.search(_normalise_key(key)) is not None


def _normalise_key(key: str) -> str:
    return key.strip().lower().replace("-", "_").replace(" ", "_")


def _simplify_keys(keys: list[str]) -> tuple[str, ...]:
    """Return keys as a text without separators has them, each once; none where a glance at it would not do."""
    bare = {_remove_separators(key) for key in keys}
    if not all(word and word.isascii() for word in bare):
        return ()
    return tuple(word for word in bare if not any(other in word for other in bare - {word}))


def _remove_separators(value: str) -> str:
    return value.replace("-", "").replace("_", "")


def _compile_assignment(words: list[str]) -> re.Pattern[str]:
    # What stands before the word stays anyway; to look for it too would take
    # the square of a long text's length, with the interpreter locked.
    key = rf"(?P<key>(?:{'|'.join(words)})[\w.-]{{0,64}}[\"'`\]]{{0,2}})"
    between = r"(?P<between>\s*(?:=>|=|:)\s*(?:(?:Bearer|Basic|Token)\s+)?)"
    value = r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s&,;)}\]]+)"
    return re.compile(key + between + value, re.IGNORECASE)


def _compile_option(words: list[str]) -> re.Pattern[str]:
    # "--password hunter2": only behind two dashes, for "password" and another word is mostly plain English.
    key = rf"(?P<key>(?<![\w-])--(?:[\w-]{{0,64}}[-_])?(?:{'|'.join(words)})[\w-]{{0,64}})"
    return re.compile(key + r"(?P<between> +)(?P<value>[^\s-]\S*)", re.IGNORECASE)


def _hide(found: re.Match[str]) -> str:
    if found["value"].startswith(("%s", "%(", "?", "$", ":")):
        return found[0]  # a placeholder tells nothing and is worth reading
    return f"{found['key']}{found['between']}{SCRUBBED}"


Scrub = Callable[[str], str]
