"""The scrubber that the settings ask for, and the words about what in them is a mistake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from otel_crumbs.base.guard import guarded, warn

if TYPE_CHECKING:
    from otel_crumbs.event.scrub import Scrubber

    from .config import Config

_TABLE = "the table of rules in the documentation of the event"


def make_scrubber(config: Config) -> Scrubber:
    """Return the scrubber of some settings."""
    from otel_crumbs.event.scrub import Scrubber  # noqa: PLC0415 - only for an error

    return Scrubber(
        config.scrub_keys,
        rules=config.scrub_rules,
        patterns=config.scrub_patterns,
        with_personal=config.personal_data == "keep",
        with_literals=config.sql_literals == "keep",
    )


@guarded("the settings of scrubbing were looked through")
def warn_of_mistakes(config: Config) -> None:
    """Warn of rules and words that there are not, and of patterns that cannot be used, when they are set."""
    if config.scrub_patterns:
        from otel_crumbs.event.scrubbing.patterns import compile_patterns  # noqa: PLC0415 - only where some are set

        compile_patterns(config.scrub_patterns)
    if config.scrub_rules:
        from otel_crumbs.event.scrubbing.table import list_rules  # noqa: PLC0415 - only where some are set

        known = list_rules()
        for word in config.scrub_rules:
            name = word.removeprefix("-").lower()
            if name not in known and word != "-all":
                _warn_of_unknown("OTEL_CRUMBS_SCRUB_RULES", word, name, known)
    removed = [word[1:] for word in config.scrub_keys if word.startswith("-") and word.lower() != "-all"]
    if removed:
        _warn_of_unknown_keys(removed)


def _warn_of_unknown_keys(removed: Iterable[str]) -> None:
    from otel_crumbs.event.scrubbing.names import Names, list_names  # noqa: PLC0415 - only where one is taken away
    from otel_crumbs.event.scrubbing.table import list_rules  # noqa: PLC0415 - only where one is taken away

    known, judge = list_names(), Names().judge
    for name in removed:
        if judge(name):
            continue
        if name.lower() in list_rules():
            words = "OTEL_CRUMBS_SCRUB_KEYS has %r, which is a rule and no word. Remedy: OTEL_CRUMBS_SCRUB_RULES=%s"
            warn(f"OTEL_CRUMBS_SCRUB_KEYS {name}", words, f"-{name}", f"-{name}")
        else:
            _warn_of_unknown("OTEL_CRUMBS_SCRUB_KEYS", f"-{name}", name.lower(), known)


def _warn_of_unknown(variable: str, word: str, name: str, known: Iterable[str]) -> None:
    from difflib import get_close_matches  # noqa: PLC0415 - only where there is a mistake

    dash = "-" if word.startswith("-") else ""
    nearest = get_close_matches(name, known, n=1, cutoff=0.5)
    remedy = f"{dash}{nearest[0]}" if nearest else f"see {_TABLE}"
    warn(
        f"{variable} {name}",
        "%s has %r, which there is not, so that nothing changes by it. Remedy: %s",
        variable,
        word,
        remedy,
    )
