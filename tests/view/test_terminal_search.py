"""The table and the search of a screen in the terminal, with keys as one presses them."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

pytest.importorskip("textual")

from textual.app import App
from textual.binding import Binding
from textual.widgets import DataTable, Input

from otel_crumbs.view.terminal_search import SearchScreen


class Fruits(SearchScreen):
    """Three rows."""

    BINDINGS: ClassVar[list[Any]] = [Binding("slash", "search"), Binding("j", "move(1)"), Binding("k", "move(-1)")]

    def compose(self) -> Any:
        """Have a field and a table."""
        yield Input()
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        """Fill the table."""
        self.add_columns(("name",))
        for name in ("apple", "pear", "plum"):
            self.query_one(DataTable).add_row(name)


def test_keys_move_the_cursor_and_search() -> None:
    """The table has the keys first, and again when the search is done."""
    app, screen = App[None](), Fruits()

    async def act() -> None:
        async with app.run_test() as pilot:
            await app.push_screen(screen)
            table, field = screen.query_one(DataTable), screen.query_one(Input)
            await pilot.press("j", "j", "k")
            assert table.cursor_row == 1

            await pilot.press("slash", "j")
            assert (field.value, table.cursor_row, field.has_class("shown")) == ("j", 1, True)

            await pilot.press("enter", "j")
            assert (field.value, table.cursor_row) == ("j", 2)

            screen.close_search()
            assert (field.value, field.has_class("shown"), table.has_focus) == ("", False, True)

    asyncio.run(act())
