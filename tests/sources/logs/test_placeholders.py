"""Placeholders stand for the application's objects; nothing of these is asked."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import pathlib
import uuid
from collections import OrderedDict, defaultdict, deque
from typing import Any

import pytest

from otel_crumbs.sources.logs.placeholders import Placeholder, ValueCopier, format_words, read_exception_text

DAY = dt.date(2024, 2, 29)
NOW = dt.datetime(2024, 2, 29, 12, tzinfo=dt.timezone.utc)


class Order:
    """The application's."""


class Masked(str):
    """Text that is not to be shown as it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "****"


ORDER = f"<{__name__}.Order>"


@pytest.mark.parametrize(
    "value",
    [
        *("text", 1, 1.5, True, None, 1j, b"bytes", DAY, NOW, dt.timedelta(1), uuid.UUID(int=1)),
        *(decimal.Decimal("1.5"), fractions.Fraction(1, 3), pathlib.Path("a"), (1, "a"), [1, [2]], {"a": {1: None}}),
        *({1}, frozenset({1}), ValueError("boom"), KeyError("key"), OSError(2, "no"), ()),
    ],
    ids=repr,
)
def test_values_of_simple_types_keep_their_text(value: Any) -> None:
    """Python makes it of simple parts."""
    copy = ValueCopier().copy(value)

    assert str(copy) == str(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Order(), ORDER),
        ([Order(), 1], f"[{ORDER}, 1]"),
        ((Order(),), f"({ORDER},)"),
        ({"a": [Order()], Order: 1}, f"{{'a': [{ORDER}], <builtins.type>: 1}}"),
        (deque([Order()]), f"[{ORDER}]"),
        (OrderedDict(a=1), "{'a': 1}"),
        (defaultdict(Order, a=Order()), f"{{'a': {ORDER}}}"),
        (Masked("4111"), f"<{__name__}.Masked>"),
        (ValueError(Order()), "<builtins.ValueError>"),
        (OSError(2, "no", Order()), "<builtins.FileNotFoundError>"),
        (iter([1]), "<builtins.list_iterator>"),
        ([[[[[[1]]]]]], "[[[[[<builtins.list>]]]]]"),
    ],
)
def test_others_are_named_by_their_class(value: Any, text: str) -> None:
    """Also inside lists and mappings, whose text is not the application's any more."""
    copier = ValueCopier()

    assert str(copier.copy(value)) == text
    assert not copier.is_exact


def test_long_lists_are_cut() -> None:
    """One line is no dump."""
    copier = ValueCopier()

    copies = copier.copy([list(range(1000)), dict.fromkeys(range(1000))])

    assert [len(copy) for copy in copies] == [64, 64]
    assert not copier.is_exact


def test_a_list_that_contains_itself_ends() -> None:
    """At some depth."""
    circle: list[Any] = []
    circle.append(circle)

    assert str(ValueCopier().copy(circle)) == "[[[[[<builtins.list>]]]]]"


@pytest.mark.parametrize(
    ("message", "args", "words"),
    [
        ("%s", (Placeholder("<A>"),), "<A>"),
        ("%5d of %(a)s", {"a": 1}, "%5d of %(a)s"),
        ("%5.2f of %d %%", (Placeholder("<A>"), 3), "<A> of 3 %"),
        ("%(order)d", {"order": Placeholder("<A>")}, "<A>"),
        ("%d of %d", (1,), "%d of %d"),
        ("100%", (1,), "100%"),
        (Placeholder("<A>"), (), "<A>"),
        (7, (), "7"),
    ],
)
def test_words_are_formatted_with_placeholders(message: Any, args: Any, words: str) -> None:
    """A number that is not known is text; what does not fit is the bare message."""
    assert format_words(message, args) == words


def test_a_placeholder_is_text_in_braces() -> None:
    """Records may format their messages by `str.format`."""
    assert "{:>9} {!r}".format(Placeholder("<A>"), Placeholder("text", "'text'")) == "<A> 'text'"


def test_the_text_of_a_subclass_is_not_asked_for() -> None:
    """It has its own code, or may have."""

    class OwnError(ValueError):
        def __str__(self) -> str:
            raise RuntimeError

    assert read_exception_text(OwnError("boom")) is None
    assert read_exception_text(UnicodeDecodeError("utf-8", b"", 0, 1, "no")) is None
    assert read_exception_text(ValueError("a", 1)) == "('a', 1)"
