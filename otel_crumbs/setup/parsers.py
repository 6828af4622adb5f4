"""
The parsers of settings: each makes a value from a text of the environment, or from an argument of `install`.

A value that cannot be used raises ValueError, or the exception that Python
itself raises for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.sources.logs.thresholds import find_level_number

from .exporters import is_known

DEFAULT_SPOOL, NO_SPOOL, NO_RECORDER = "auto", "none", "off"

# A process that takes more than a minute to end looks as if it hung.
_MAX_SECONDS = 60
_DAY = 86_400


def parse_boolean(value: Any) -> bool:
    """Return True only for ``true``."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in {"true", "false"}:
        raise ValueError
    return word == "true"


def parse_number(least: int, most: int) -> Callable[[Any], int]:
    """Return a parser of a whole number within bounds."""

    def parse(value: Any) -> int:
        number = int(value)
        if isinstance(value, bool) or not least <= number <= most:
            raise ValueError
        return number

    return parse


def parse_seconds(value: Any) -> float:
    """Return a number of seconds from 0 to 60."""
    seconds = float(value)
    if not 0 <= seconds <= _MAX_SECONDS:
        raise ValueError
    return seconds


def parse_long_time(value: Any) -> float:
    """Return a number of seconds from 0 to those of a day."""
    seconds = float(value)
    if not 0 <= seconds <= _DAY:
        raise ValueError
    return seconds


def parse_words(value: Any) -> tuple[str, ...]:
    """Return the items of a comma list, or of a list."""
    items = value.split(",") if isinstance(value, str) else tuple(value)
    return tuple(item.strip() for item in items if item.strip())


def parse_patterns(value: Any) -> tuple[str, ...]:
    """Return regular expressions from a text, in which some may be wrong, or from a list, in which all are right."""
    if isinstance(value, str):
        from otel_crumbs.event.scrubbing.patterns import split_patterns  # noqa: PLC0415 - only where some are set

        return split_patterns(value)
    for item in value:
        re.compile(item)
    return tuple(value)


def parse_errors(value: Any) -> tuple[type[BaseException] | str, ...]:
    """Return names of exception classes; an argument may have classes themselves, too."""
    items = parse_words(value) if isinstance(value, str) else value if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(item, str) or (isinstance(item, type) and issubclass(item, BaseException)) for item in items):
        raise ValueError
    return tuple(items)


def parse_choices(known: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    """Return a parser of a comma list of known words."""

    def parse(value: Any) -> tuple[str, ...]:
        chosen = tuple(word.lower() for word in parse_words(value))
        if not chosen or not set(chosen) <= set(known):
            raise ValueError
        return chosen

    return parse


def parse_exporters(value: Any) -> tuple[Any, ...]:
    """Return names of exporters; an argument may have exporters themselves, too."""
    items = parse_words(value) if isinstance(value, str) else value if isinstance(value, list | tuple) else (value,)
    items = tuple(item.strip().lower() if isinstance(item, str) else item for item in items)
    unknown = [item for item in items if not (is_known(item) if isinstance(item, str) else hasattr(item, "export"))]
    if unknown or not items:
        raise ValueError(f"there is no {', no '.join(map(repr, unknown))}" if unknown else "")
    return items


def parse_dsn(value: Any) -> str:
    """Return a DSN as it is, if it can be read."""
    from otel_crumbs.export.sentry.dsn import read_dsn  # noqa: PLC0415 - only where one is set

    text = str(value).strip()
    read_dsn(text)
    return text


def parse_endpoint(value: Any) -> str:
    """Return a URL to which events can be posted."""
    from otel_crumbs.export.http.endpoint import read_endpoint  # noqa: PLC0415 - only where one is set

    return read_endpoint(value)


def parse_headers(value: Any) -> dict[str, str]:
    """Return headers from a mapping or a text."""
    from otel_crumbs.export.http.endpoint import read_headers  # noqa: PLC0415 - only where some are set

    return read_headers(value)


def parse_folder(value: Any) -> str:
    """Return ``auto``, ``none``, or a folder by its full path."""
    text = os.fspath(value).strip()
    if not text or "\0" in text:
        raise ValueError
    if text.lower() in {"none", "off"}:
        return NO_SPOOL
    if text.lower() == DEFAULT_SPOOL:
        return DEFAULT_SPOOL
    from pathlib import Path  # noqa: PLC0415 - only where a folder is named

    return str(Path(text).expanduser().absolute())


def parse_recorder(value: Any) -> str:
    """Return ``off``, ``auto``, or a folder by its full path."""
    folder = parse_folder(value)
    return NO_RECORDER if folder == NO_SPOOL else folder


def parse_choice(known: tuple[str, ...]) -> Callable[[Any], str]:
    """Return a parser of one known word."""

    def parse(value: Any) -> str:
        word = str(value).strip().lower()
        if word not in known:
            raise ValueError
        return word

    return parse


def parse_level(value: Any) -> int:
    """Return the number of a log level."""
    return find_level_number(value)


def parse_hook(value: Any) -> Any:
    """Return a callable, or the one that ``package.module:callable`` names."""
    if callable(value):
        return value
    module, _, name = str(value).partition(":")
    try:
        hook = getattr(import_module(module), name)
    except BaseException as error:
        # The application's own code runs here, and may be a program that ends itself.
        if is_thrown_in(error):
            raise
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if not callable(hook):
        raise ValueError(f"{value} is not callable")  # noqa: TRY004 - the value is wrong, its type is not
    return hook
