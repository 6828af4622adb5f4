"""Inline hooks: calls inside a function's own code, which nobody sees by frames, names or tracebacks."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

from otel_crumbs.base.inline_hooks import SourceLines, hook_call, insert_hook

SOURCE = '''
"""A module of somebody else's."""

PLACE = "here"


class Shop:
    def sell(self, look):
        """Sell."""
        # A comment.
        return look(PLACE)
'''


class Hook:
    """Notes the calls."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def note(self, *args: Any) -> None:
        """Note one."""
        self.seen.append(args)


def call_first(function: ast.FunctionDef) -> bool:
    """Call the hook first."""
    function.body[1:1] = hook_call("HOOK.note(look)", function.body[1])
    return True


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Yield a module that was imported from a file."""
    (tmp_path / "tests_shop.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("tests_shop")
    del sys.modules["tests_shop"]


def look(place: str) -> tuple[str, list[tuple[str, int, str, bool]]]:
    """Return what was given, and what the frames say."""
    frame: FrameType | None = sys._getframe(1)
    assert frame is not None
    seen = frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, frame.f_globals["__name__"] == "tests_shop"
    return place, [seen]


def test_the_hook_is_called_and_nothing_else_differs(shop: ModuleType) -> None:
    """Identity, signature, source, frames and globals are as before."""
    function = shop.Shop.sell
    before = shop.Shop().sell(look), inspect.signature(function), inspect.getsource(function), vars(shop).keys()
    hook = Hook()

    undo = insert_hook(function, SourceLines("tests_shop"), call_first, hook)

    after = shop.Shop().sell(look), inspect.signature(function), inspect.getsource(function), vars(shop).keys()
    assert (after, shop.Shop.sell) == (before, function)
    assert hook.seen == [(look,)]
    assert undo is not None


def test_undoing_puts_the_code_back(shop: ModuleType) -> None:
    """It is the code of before, and the hook is not kept."""
    function = shop.Shop.sell
    code = function.__code__
    hook = Hook()
    undo = insert_hook(function, SourceLines("tests_shop"), call_first, hook)
    assert undo is not None

    undo()

    assert function.__code__ is code
    assert shop.Shop().sell(look)[0] == "here"
    assert hook.seen == []


def test_undoing_leaves_what_somebody_else_put_in(shop: ModuleType) -> None:
    """They changed it later."""
    function = shop.Shop.sell
    undo = insert_hook(function, SourceLines("tests_shop"), call_first, Hook())
    assert undo is not None
    function.__code__ = theirs = function.__code__.replace(co_name="theirs")

    undo()

    assert function.__code__ is theirs


def test_an_exception_has_the_traceback_of_before(shop: ModuleType) -> None:
    """Line by line."""
    tracebacks = []
    for hook in (None, Hook()):
        if hook is not None:
            insert_hook(shop.Shop.sell, SourceLines("tests_shop"), call_first, hook)
        try:
            shop.Shop().sell(None)
        except TypeError:
            tracebacks.append(traceback.format_exc())

    assert tracebacks[0] == tracebacks[1]


def test_a_source_that_is_not_the_codes_changes_nothing(shop: ModuleType, tmp_path: Path) -> None:
    """Somebody edited the file after it was imported."""
    (tmp_path / "tests_shop.py").write_text(SOURCE.replace("PLACE)", 'PLACE + "!")'))

    undo = insert_hook(shop.Shop.sell, SourceLines("tests_shop"), call_first, Hook())

    assert undo is None
    assert shop.Shop().sell(look)[0] == "here"


def test_a_source_that_is_missing_changes_nothing(shop: ModuleType) -> None:
    """Frozen applications have none."""
    assert shop.__spec__ is not None
    shop.__spec__.loader = None

    assert insert_hook(shop.Shop.sell, SourceLines("tests_shop"), call_first, Hook()) is None


def test_an_edit_that_declines_changes_nothing(shop: ModuleType) -> None:
    """The function is not as expected."""
    code = shop.Shop.sell.__code__

    undo = insert_hook(shop.Shop.sell, SourceLines("tests_shop"), lambda _: False, Hook())

    assert undo is None
    assert shop.Shop.sell.__code__ is code
