"""What a scenario is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libraries import Library, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """
    What a library did.

    Args:
        good: Whether it is what one would want; None where the question does not arise.
        words: What happened, if there is more to say than that.

    """

    good: bool | None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """
    A question, and what finds the answer in a process of its own.

    Args:
        about: The table that it belongs to.
        question: What one would want, as a sentence.
        run: Starts the library and lets it show.

    """

    about: str
    question: str
    run: Callable[[Library], Outcome]


SCENARIOS: dict[str, Scenario] = {}


def scenario(about: str, question: str) -> Callable[[Callable[[Library], Outcome]], Callable[[Library], Outcome]]:
    """Make a scenario of a function."""

    def decorate(run: Callable[[Library], Outcome]) -> Callable[[Library], Outcome]:
        SCENARIOS[run.__name__] = Scenario(about=about, question=question, run=run)
        return run

    return decorate


def not_mixed(seen: list[Seen], tokens: list[str]) -> Outcome:
    """Return whether each token's error has the breadcrumbs with its token, and no other's."""
    by_error = {event.error: event for event in seen}
    missing = [token for token in tokens if token not in by_error]
    if missing:
        return Outcome(good=False, words=f"{len(missing)} of {len(tokens)} errors were not reported")
    poor = [token for token in tokens if not by_error[token].reports(f"note of {token}")]
    if poor:
        return Outcome(good=False, words=f"{len(poor)} of {len(tokens)} errors lack their own breadcrumbs")
    mixed = [
        token
        for token in tokens
        if any(by_error[token].reports(f"note of {other}") for other in tokens if other != token)
    ]
    if mixed:
        return Outcome(good=False, words=f"{len(mixed)} of {len(tokens)} errors hold another's breadcrumbs")
    return Outcome(good=True)
