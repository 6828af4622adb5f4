"""
The exceptions that an exception was raised from, and those that it groups.

They may form a web, with members that many groups share and causes that bite
their tails, and may be any number: each is visited once, the nearest first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from otel_crumbs.base.exceptions import members_of, origin_of

# As many are read.
MAX_EXCEPTIONS = 32
# As many are counted.
MAX_COUNTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainedException:
    """
    An exception, and how it hangs on another one.

    Args:
        error: The exception.
        parent: The index of the other, None for the first of all.
        link: ``__cause__``, ``__context__`` or ``exceptions[3]``.

    """

    error: BaseException
    parent: int | None = None
    link: str | None = None


def find_chain(error: BaseException) -> tuple[list[ChainedException], int]:
    """Return an exception and those nearest to it, and how many more there are."""
    found: list[ChainedException] = []
    seen = {id(error)}
    ahead = deque([ChainedException(error=error)])
    if origin_of(error) is None and not members_of(error):
        return [*ahead], 0
    while ahead and len(found) < MAX_EXCEPTIONS:
        related = ahead.popleft()
        for link, other in iterate_links(related.error):
            if id(other) not in seen and len(seen) < MAX_COUNTED:
                seen.add(id(other))
                ahead.append(ChainedException(error=other, parent=len(found), link=link))
        found.append(related)
    return found, _count_others([related.error for related in ahead], seen)


def iterate_links(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """Iterate over the exceptions that hang on an exception, each with how it does."""
    origin = origin_of(error)
    if origin is not None:
        yield origin
    for number, member in enumerate(members_of(error)[:MAX_COUNTED]):
        yield f"exceptions[{number}]", member


def count_more(count: int) -> str:
    """Return a count of exceptions in words."""
    if count >= MAX_COUNTED - MAX_EXCEPTIONS:
        return f"at least {count} more exceptions"
    return f"{count} more exception{'s' if count > 1 else ''}"


def _count_others(ahead: list[BaseException], seen: set[int]) -> int:
    """Return how many exceptions there are ahead, and behind these, none of them counted twice."""
    count = len(ahead)
    while ahead:
        error = ahead.pop()
        origin = origin_of(error)
        for other in (*(origin[1:] if origin else ()), *members_of(error)[:MAX_COUNTED]):
            if id(other) not in seen and len(seen) < MAX_COUNTED:
                seen.add(id(other))
                ahead.append(other)
                count += 1
    return count
