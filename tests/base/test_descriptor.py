"""A look-up of a method is noticed, and the method that is called is the one that was there."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any
from unittest.mock import create_autospec, patch

import pytest

from otel_crumbs.base.descriptor import watch_lookups


class Shop:
    """A class with a method."""

    def sell(self, amount: int = 1) -> list[str]:
        """Sell some; return the functions on the stack."""
        names, frame = [], sys._getframe()
        for _ in range(1 + amount):
            names.append(frame.f_code.co_name)
            frame = frame.f_back  # type: ignore[assignment]  # the test is below
        return names


class Market(Shop):
    """A class that calls the method of another."""

    def sell(self, amount: int = 1) -> list[str]:
        """Sell some."""
        return super().sell(amount)


@pytest.fixture
def noticed() -> Iterator[list[Any]]:
    """Watch the method; yield the instances that were noticed."""
    instances: list[Any] = []
    undo = watch_lookups(Shop, "sell", instances.append)
    yield instances
    undo()


def test_a_call_is_noticed_and_has_no_frame(noticed: list[Any]) -> None:
    """The caller is just below the method."""
    shop = Shop()

    names = shop.sell()

    assert noticed == [shop]
    assert names == ["sell", "test_a_call_is_noticed_and_has_no_frame"]


def test_a_call_of_a_subclass_is_noticed(noticed: list[Any]) -> None:
    """The look-up by `super()` is one, too."""
    market = Market()

    assert market.sell() == ["sell", "sell"]
    assert noticed == [market]


def test_a_call_by_the_class_is_noticed(noticed: list[Any]) -> None:
    """The instance is not known then."""
    Shop.sell(Shop())

    assert noticed == [None]


@pytest.mark.usefixtures("noticed")
def test_the_method_is_what_it_was() -> None:
    """Its signature, its documentation, its mocks and its text are those of a method."""
    stored = vars(Shop)["sell"]

    assert Shop.sell.__code__ is stored.__code__
    assert inspect.isfunction(stored)
    assert (stored.__name__, stored.__doc__) == ("sell", Shop.sell.__doc__)
    assert str(inspect.signature(Shop().sell)) == "(amount: 'int' = 1) -> 'list[str]'"
    assert create_autospec(Shop)().sell(2) is not None
    with pytest.raises(TypeError, match="too many positional arguments"):
        create_autospec(Shop)().sell(1, 2)


def test_somebody_who_hooks_in_later_is_let_be(noticed: list[Any]) -> None:
    """A mock that comes and goes leaves the method watched."""
    with patch.object(Shop, "sell", autospec=True, return_value=["mocked"]):
        assert Shop().sell() == ["mocked"]
        assert noticed.count(None) == len(noticed)
    noticed.clear()

    Shop().sell()

    assert len(noticed) == 1


def test_the_method_itself_is_back_after_undoing() -> None:
    """The class has the very same function, and nobody is notified."""
    before = vars(Shop)["sell"]
    instances: list[Any] = []

    watch_lookups(Shop, "sell", instances.append)()

    assert vars(Shop)["sell"] is before
    assert len(Shop().sell()) == 2
    assert instances == []
