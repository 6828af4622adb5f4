"""Copies of the application's callables, which remember nothing of a call."""

from __future__ import annotations

import contextvars
import itertools
import logging
import random
import re
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import pytest

from otel_crumbs.sources.logs.isolated_calls import LeftOutError, StateCopy, call_isolated

seen: list[str] = []
calls = 0
numbers = itertools.count()
logger = logging.getLogger("tests.isolated")
tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tests_tenant", default="none")
CARD = re.compile("[0-9]{4}")


def note_in_global(text: str) -> list[str]:
    """Note in a list."""
    seen.append(text)
    return [*seen]


def count_in_global(_: str) -> int:
    """Count in a module."""
    global calls  # noqa: PLW0603 - that is the point
    calls += 1
    return calls


def call_another(text: str) -> list[str]:
    """Note by another function."""
    return note_in_global(text)


def count_in_attribute(_: str) -> int:
    """Count on itself."""
    count_in_attribute.calls += 1  # type: ignore[attr-defined]  # set below
    return int(count_in_attribute.calls)  # type: ignore[attr-defined]  # set below


count_in_attribute.calls = 0  # type: ignore[attr-defined]  # functions have attributes


def mask(text: str) -> str:
    """Change nothing."""
    return CARD.sub("****", text) + tenant.get()


def set_tenant(text: str) -> str:
    """Change the context."""
    tenant.set(text)
    return tenant.get()


class Keeper:
    """Remembers in all ways that an object has."""

    shared: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last = deque([""], maxlen=2)
        self.by_text: defaultdict[str, list[int]] = defaultdict(list)
        self.inner = {"self": self}

    def __call__(self, text: str) -> tuple[Any, ...]:
        """Note it."""
        with self.lock:
            self.last.append(text)
        self.by_text[text].append(1)
        self.shared[text] += 1
        self.inner["self"].called = True
        return [*self.last], dict(self.by_text), self.shared[text], self.called

    def note(self, text: str) -> tuple[Any, ...]:
        """Note by another method."""
        return self(text)


def make_counter() -> Callable[[str], int]:
    """Return a function that counts in its closure."""
    count = 0

    def note(_: str) -> int:
        nonlocal count
        count += 1
        return count

    return note


@pytest.mark.parametrize(
    ("make", "result"),
    [
        (lambda: note_in_global, ["text"]),
        (lambda: count_in_global, 1),
        (lambda: call_another, ["text"]),
        (make_counter, 1),
        (lambda: partial(lambda seen, text: seen.append(text) or [*seen], []), ["text"]),
        (lambda: lambda text, seen=[]: seen.append(text) or [*seen], ["text"]),
        (lambda: Keeper().__call__, (["", "text"], {"text": [1]}, 1, True)),
        (lambda: count_in_attribute, 1),
        (lambda: set_tenant, "text"),
        (lambda: mask, "textnone"),
    ],
    ids=["list", "global", "another", "closure", "partial", "default", "object", "attribute", "context", "nothing"],
)
def test_a_copy_remembers_nothing(make: Callable[[], Callable[[str], Any]], result: Any) -> None:
    """The second call has the same result, and so has the first real one."""
    function = make()

    results = [call_isolated(StateCopy().copy(function), "text") for _ in range(2)]

    assert results == [result, result]
    assert (seen, calls, tenant.get(), Keeper.shared) == ([], 0, "none", Counter())


def test_a_function_without_state_is_itself() -> None:
    """There is nothing to copy."""
    assert StateCopy().copy(mask) is mask


@pytest.mark.parametrize(
    "function",
    [
        lambda _: next(numbers),
        lambda _: logger.info("said"),
        lambda _: logging.getLogger("tests").warning("said"),
        lambda _: print("said"),  # noqa: T201 - that is the point
        lambda _: random.random(),  # noqa: S311 - that is the point
        seen.append,
        lambda _, held=range(300): [*map(dict, held)],
        lambda _, held=[[] for _ in range(300)]: held,
    ],
    ids=["iterator", "logger", "getLogger", "print", "random", "method", "fails", "large"],
)
def test_a_function_whose_state_is_not_known_is_not_run(function: Callable[[str], Any]) -> None:
    """It would be seen outside of the call."""
    with pytest.raises(LeftOutError):
        call_isolated(StateCopy().copy(function), "text")

    assert seen == []


def test_what_cannot_be_copied_can_be_replaced() -> None:
    """Adapters get class names for the application's objects."""

    class Slotted:
        __slots__ = ("value",)

    keeper = Keeper()
    keeper.inner = {"other": Slotted()}  # type: ignore[dict-item]  # that is the point

    copy = StateCopy(replace=lambda value: type(value).__name__).copy_attributes(keeper)

    assert copy.inner == {"other": "Slotted"}
    assert isinstance(copy, Keeper)
