"""
How long a user's regular expression may take for the worst text, known before it is used.

Nothing can stop an expression of `re` once it runs, nor does another thread
run in the meantime. What takes long are ways to go back: a repeat that could
as well end earlier multiplies the work of all that follows, and within a
repeat it does so again and again. One that is followed by what it does not
take itself has no such way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

try:
    import re._parser as parser  # type: ignore[import-not-found]  # it has no stubs
except ImportError:  # Python 3.10
    import sre_parse as parser

# Longer texts are searched in pieces.
LONGEST_PIECE = 2048
# A search may begin at each character and look at all that follow, for each with a few more.
_MOST = 16 * LONGEST_PIECE**2
# What is looked at to see whether two parts of an expression take the same characters.
_ALPHABET = (*map(chr, range(256)), *map(chr, (0x17F, 0x212A, 0x3A9, 0x44F, 0x4E2D, 0x661, 0x2028, 0x3000)))
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_CATEGORIES = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": lambda sign: sign.isalnum() or sign == "_",
}
_FOLDED, _WITH_LINES = re.compile(r"\(\?[a-zA-Z]*i"), re.compile(r"\(\?[a-zA-Z]*s")

Signs = frozenset[str]
_NO_SIGN: Signs = frozenset()


class _Work(NamedTuple):
    """In how many ways a part may match at one place, and how many characters it looks at for each."""

    ways: float = 1
    steps: float = 1


def is_bounded(pattern: str) -> bool:
    """Return whether a regular expression takes at most the square of a text's length."""
    tree = parser.parse(pattern)
    cost = _Cost(pattern)
    items = _remove_end(list(tree))
    is_at_start = bool(items) and str(items[0][0]) == "AT" and "BEGINNING" in str(items[0][1])
    is_at_start = is_at_start and not tree.state.flags & re.MULTILINE
    starts = 1 if is_at_start else LONGEST_PIECE
    return starts * cost.count(items, _NO_SIGN).steps <= _MOST


def _remove_end(items: list[Any]) -> list[Any]:
    """Return the items of an expression without what matches at its end whatever follows."""
    while items and _is_end_of_line(items):
        items = items[:-1]
    if not items or str(items[-1][0]) not in _REPEATS:
        return items
    operation, (least, _, body) = items[-1]
    return [*items[:-1], (operation, (least, least, body))]


def _is_end_of_line(items: Sequence[Any]) -> bool:
    return len(items) > 1 and str(items[-1][1]) == "AT_END" and str(items[-2][0]) in _REPEATS and _is_dot(items[-2])


def _is_dot(item: Any) -> bool:
    return [str(operation) for operation, _ in item[1][2]] == ["ANY"]


class _Cost:
    """Measures parts of an expression, each with the signs that may follow it."""

    def __init__(self, pattern: str) -> None:
        self._is_folded = _FOLDED.search(pattern) is not None
        self._all = frozenset((*_ALPHABET, *pattern))
        self._dot = self._all if _WITH_LINES.search(pattern) else self._all - {"\n"}

    def count(self, items: Sequence[Any], follow: Signs) -> _Work:
        """Return the work of items one behind the other."""
        ways, steps = 1.0, 0.0
        for at in range(len(items) - 1, -1, -1):
            work = self._count_item(items[at], self._find_first(items[at + 1 :], follow))
            ways *= work.ways
            steps = work.steps + work.ways * max(steps, 1)
        return _Work(min(ways, math.inf), steps)

    def _count_item(self, item: Any, follow: Signs) -> _Work:
        operation, argument = str(item[0]), item[1]
        if operation in _REPEATS:
            least, most, body = argument
            return self._count_repeat(operation, (int(least), int(most)), body, follow)
        if operation == "SUBPATTERN":
            return self.count(argument[3], follow)
        if operation == "ATOMIC_GROUP":
            return _Work(steps=self.count(argument, follow).steps)
        if operation in {"ASSERT", "ASSERT_NOT"}:
            return _Work(steps=self.count(argument[1], _NO_SIGN).steps)
        if operation in {"BRANCH", "GROUPREF_EXISTS"}:
            return self._count_branches([branch for branch in argument[1:] if branch], operation, follow)
        return _Work(steps=LONGEST_PIECE) if operation == "GROUPREF" else _Work()

    def _count_repeat(self, operation: str, bounds: tuple[int, int], body: Any, follow: Signs) -> _Work:
        times = min(bounds[1], LONGEST_PIECE)
        first = self._find_first(body, _NO_SIGN)
        inner = self.count(body, first | follow if times > 1 else follow)
        steps = min(times * inner.steps, LONGEST_PIECE) if inner.ways <= 1 else times * inner.steps
        if operation == "POSSESSIVE_REPEAT":
            return _Work(steps=steps)
        # Ends where it must, or anywhere before.
        ends = max(times - bounds[0], 0) + 1 if first & follow else 1
        power = times * math.log2(max(inner.ways, 1))
        return _Work((2**power if power < LONGEST_PIECE**0.5 else math.inf) * ends, steps)

    def _count_branches(self, argument: list[Any], operation: str, follow: Signs) -> _Work:
        branches = argument[0] if operation == "BRANCH" else argument
        works = [self.count(branch, follow) for branch in branches]
        firsts = [self._find_first(branch, follow) for branch in branches]
        is_choice = sum(map(len, firsts)) == len(frozenset().union(*firsts))
        ways = [work.ways for work in works]
        return _Work(max(ways) if is_choice else sum(ways), sum(work.steps for work in works))

    def _find_first(self, items: Iterable[Any], follow: Signs) -> Signs:
        """Return the signs with which items may begin, and what follows where they may be empty."""
        found: Signs = _NO_SIGN
        for item in items:
            found |= self._find_first_of(item)
            if not self._is_empty(item):
                return found
        return found | follow

    def _find_first_of(self, item: Any) -> Signs:
        operation, argument = str(item[0]), item[1]
        if operation in _REPEATS:
            return self._find_first(argument[2], _NO_SIGN)
        if operation == "SUBPATTERN":
            return self._find_first(argument[3], _NO_SIGN)
        if operation == "BRANCH":
            return frozenset().union(*(self._find_first(branch, _NO_SIGN) for branch in argument[1]))
        if operation == "AT" and str(argument) == "AT_END":
            return frozenset("\n")
        return self._find_signs(operation, argument)

    def _find_signs(self, operation: str, argument: Any) -> Signs:
        if operation == "LITERAL":
            return self._fold(frozenset(chr(argument)))
        if operation == "NOT_LITERAL":
            return self._all - frozenset(chr(argument))
        if operation == "IN":
            return self._find_in(argument)
        return self._dot if operation == "ANY" else self._all

    def _find_in(self, items: Sequence[Any]) -> Signs:
        found: Signs = _NO_SIGN
        for operation, argument in items:
            if str(operation) == "LITERAL":
                found |= frozenset(chr(argument))
            elif str(operation) == "RANGE":
                found |= frozenset(sign for sign in self._all if argument[0] <= ord(sign) <= argument[1])
            elif str(operation) == "CATEGORY":
                found |= self._find_category(str(argument))
        found = self._fold(found)
        return self._all - found if str(items[0][0]) == "NEGATE" else found

    def _find_category(self, name: str) -> Signs:
        has = _CATEGORIES[name.replace("_NOT_", "_")]
        found = frozenset(filter(has, self._all))
        return self._all - found if "_NOT_" in name else found

    def _fold(self, signs: Signs) -> Signs:
        return signs.union(*(sign.upper() + sign.lower() for sign in signs)) if self._is_folded else signs

    def _is_empty(self, item: Any) -> bool:
        operation, argument = str(item[0]), item[1]
        if operation in _REPEATS:
            return argument[0] == 0 or all(map(self._is_empty, argument[2]))
        if operation == "SUBPATTERN":
            return all(map(self._is_empty, argument[3]))
        if operation == "BRANCH":
            return any(all(map(self._is_empty, branch)) for branch in argument[1])
        return operation == "GROUPREF_EXISTS"
