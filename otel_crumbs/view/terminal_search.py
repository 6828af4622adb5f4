"""The table and the search that the screens of the viewer in the terminal have in common."""

from __future__ import annotations

from collections.abc import Iterable

from textual.screen import Screen
from textual.widgets import DataTable, Input


class SearchScreen(Screen[None]):
    """A screen with one table, and with one field, which is shown while it is searched."""

    def add_columns(self, names: Iterable[str]) -> None:
        """Add the columns of the table, which has the keys from then on."""
        table = self.query_one(DataTable)
        for name in names:
            table.add_column(name, key=name)
        table.focus()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        table = self.query_one(DataTable)
        table.move_cursor(row=table.cursor_row + step)

    def action_search(self) -> None:
        """Open the search."""
        field = self.query_one(Input)
        field.add_class("shown")
        field.focus()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Go on in the table."""
        self.query_one(DataTable).focus()

    def close_search(self) -> None:
        """Empty the search and hide it."""
        field = self.query_one(Input)
        field.remove_class("shown")
        field.value = ""
        self.query_one(DataTable).focus()
