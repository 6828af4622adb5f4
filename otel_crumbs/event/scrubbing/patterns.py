"""The user's own regular expressions: checked before they are used, run over pieces of texts, and timed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator

from otel_crumbs.base.guard import warn

from .pattern_cost import LONGEST_PIECE, is_bounded
from .values import MARK

SETTING = "OTEL_CRUMBS_SCRUB_PATTERNS"
# A part of an expression with this name is the secret, and the rest stays.
_GROUP = "secret"
# The time for each character that ordinary expressions stay far below, and how much one may take beyond it.
_SECONDS_A_SIGN, _MOST_SECONDS = 2e-6, 0.25
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_COMMA = "A comma that belongs to an expression and is not within brackets is written [,]"
_FORMAT = "https://docs.python.org/3/library/re.html#regular-expression-syntax"


def split_patterns(text: str) -> tuple[str, ...]:
    """Return the expressions of a comma list, or of lines; a comma within brackets is part of an expression."""
    found = (pattern.strip() for line in text.splitlines() for pattern in _split_line(line))
    return tuple(filter(None, found))


def _split_line(line: str) -> Iterator[str]:
    brackets = [*_iterate_brackets(line)]
    start = 0
    for at, sign in enumerate(line):
        is_within = any(begin < at < end for begin, end in brackets) or line[at - 1 : at] == "\\"
        if sign == "," and not is_within:
            yield line[start:at]
            start = at + 1
    yield line[start:]


def _iterate_brackets(line: str) -> Iterator[tuple[int, int]]:
    """Iterate over the places of the brackets that are closed; another one takes only its own expression along."""
    opened: list[tuple[str, int]] = []
    is_escaped = False
    for at, sign in enumerate(line):
        if is_escaped or sign == "\\":
            is_escaped = not is_escaped
        elif opened and sign == _BRACKETS[opened[-1][0]]:
            yield opened.pop()[1], at
        elif sign in _BRACKETS and not (opened and opened[-1][0] == "["):
            opened.append((sign, at))


def compile_patterns(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Return the expressions that can be used; of each other one there is a warning, which names the remedy."""
    return tuple(expression for pattern in patterns if (expression := _compile_or_warn(pattern)) is not None)


def _compile_or_warn(pattern: str) -> re.Pattern[str] | None:
    try:
        expression = re.compile(pattern)
        if is_bounded(pattern):
            return expression
    except (re.error, OverflowError, RecursionError) as error:
        words = (
            "%s has %r, which is no regular expression: %s. It takes nothing out; the others are used. Remedy: %s. %s."
        )
        warn(f"pattern {pattern}", words, SETTING, pattern, error, f"see {_FORMAT}", _COMMA)
        return None
    words = (
        "%s has %r, which some texts would keep busy for ever. It takes nothing out; the others are used. "
        "Remedy: no repeat within a repeat, and behind a repeat something that it does not take itself, "
        "such as [^,]*, instead of .*,"
    )
    warn(f"pattern {pattern}", words, SETTING, pattern)
    return None


class UserPatterns:
    """
    Takes out what the user's regular expressions find.

    A text is searched in pieces, so that none takes long, and an expression
    that takes too long all the same is switched off, with a warning.

    Args:
        patterns: The expressions.

    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._debts = dict.fromkeys(compile_patterns(patterns), 0.0)

    def __bool__(self) -> bool:
        return bool(self._debts)

    def has_any(self, text: str) -> bool:
        """Return whether something in a text is to be taken out."""
        return self.scrub(text) is not text

    def scrub(self, text: str) -> str:
        """Return a text without what the expressions find, the very same text where they find nothing."""
        if not text:
            return text
        for expression in [*self._debts]:
            pieces = [self._scrub_piece(expression, piece) for piece in _iterate_pieces(text)]
            scrubbed = "".join(pieces)
            text = text if scrubbed == text else scrubbed
        return text

    def _scrub_piece(self, expression: re.Pattern[str], piece: str) -> str:
        if expression not in self._debts:
            return piece
        # The time of this thread alone: a busy machine is not the expression's fault.
        started = time.thread_time()
        scrubbed = expression.sub(_hide, piece)
        seconds = time.thread_time() - started
        debt = max(0.0, self._debts[expression] + seconds - len(piece) * _SECONDS_A_SIGN)
        self._debts[expression] = debt
        if debt > _MOST_SECONDS:
            del self._debts[expression]
            words = (
                "%s has %r, which took too long for what this process sends. It takes nothing out from now on; "
                "the others are used. Remedy: begin it with what is rare, and bound what repeats, such as {1,64} for +"
            )
            warn(f"pattern {expression.pattern}", words, SETTING, expression.pattern)
        return scrubbed


def _hide(found: re.Match[str]) -> str:
    group = _GROUP if _GROUP in found.re.groupindex else 0
    if not found[group]:
        return found[0]
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return f"{found[0][:start]}{MARK}{found[0][end:]}"


def _iterate_pieces(text: str) -> Iterator[str]:
    """Iterate over the pieces of a text, cut at a blank where there is one, better yet at the end of a line."""
    at = 0
    while len(text) - at > LONGEST_PIECE:
        end = at + LONGEST_PIECE
        least = at + LONGEST_PIECE // 2
        cut = max(text.rfind("\n", least, end), 0) or max(text.rfind(" ", least, end), 0)
        yield text[at : cut + 1 if cut else end]
        at = cut + 1 if cut else end
    yield text[at:]
