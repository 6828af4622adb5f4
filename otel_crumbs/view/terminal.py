"""
The viewer in the terminal: the failures as they come, and each error with its trail.

It asks the store what the pages ask. It needs the extra ``tui``, and no other module imports it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding
from textual.widgets import DataTable, Footer, Input, Static

from .filters import Filters
from .groups import GroupList, list_groups
from .queries import find_last_number
from .serving import Address
from .store import Store
from .store_error import StoreError
from .terminal_error import ErrorScreen
from .terminal_search import SearchScreen
from .terminal_text import make_cell, make_group_cells

# So many failures are listed: nobody scrolls through more.
MAX_GROUPS = 200
# Seconds between looks for news, and after which ages are written again.
_PAUSE, _AGEING = 0.5, 10.0
_COLUMNS = ("events", "last", "failure", "in", "service", "the last before it")


class TerminalApp(App[None]):
    """
    The viewer in the terminal.

    Args:
        store: The store.
        address: Where senders send.
        notes: Sentences of the receivers, which would else be printed over the screen; it takes them out.
        ended: Says whether a signal ends the viewer.

    """

    TITLE = "otel-crumbs"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[Any]] = [Binding("q", "quit", "leave")]

    def __init__(self, store: Store, address: Address, notes: deque[str], ended: Callable[[], bool]) -> None:
        super().__init__()
        self._store = store
        self._address = address
        self._notes = notes
        self._ended = ended

    def on_mount(self) -> None:
        """Show the list."""
        self.push_screen(ListScreen(self._store, self._address))
        self.set_interval(_PAUSE, self.look_around)

    def look_around(self) -> None:
        """Show what receivers had to say, and end where the viewer does."""
        if self._ended():
            self.exit()
        while self._notes:
            self.notify(make_cell(self._notes.popleft()).plain, severity="error", markup=False)


class ListScreen(SearchScreen):
    """The failures, that of the newest event first."""

    BINDINGS: ClassVar[list[Any]] = [
        Binding("slash", "search", "search"),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
        Binding("escape", "clear", "all", show=False),
    ]
    CSS = """
    #head { padding: 0 1; height: 1; text-style: bold; }
    #search { display: none; }
    #search.shown { display: block; }
    DataTable { height: 1fr; }
    #empty { padding: 1 2; height: auto; }
    """

    def __init__(self, store: Store, address: Address) -> None:
        super().__init__()
        self._store = store
        self._address = address
        self._shown: tuple[Any, ...] = ()
        self._shown_at = 0.0

    def compose(self) -> Any:
        """Arrange the parts of the screen."""
        yield Static(id="head", markup=False)
        yield Input(id="search", placeholder="words in messages, breadcrumbs and attributes")
        yield DataTable(id="groups", cursor_type="row", zebra_stripes=True)
        yield Static(self._explain_sending(), id="empty", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look for news."""
        self.add_columns(_COLUMNS)
        self.renew_list()
        self.set_interval(_PAUSE, self.renew_list)

    def renew_list(self) -> None:
        """Show the failures as they are now, with the cursor where it was."""
        text = self.query_one(Input).value
        if not self.is_current:
            return
        try:
            state = (find_last_number(self._store), text)
            if state == self._shown and time.monotonic() - self._shown_at < _AGEING:
                return
            found = list_groups(self._store, Filters(text=text, limit=MAX_GROUPS))
        except StoreError as error:
            self.query_one("#head", Static).update(make_cell(str(error), "red"))
            return
        self._shown, self._shown_at = state, time.monotonic()
        self._show(found)

    def action_clear(self) -> None:
        """Show all again."""
        self.close_search()

    def on_input_changed(self, _event: Input.Changed) -> None:
        """Search for what was typed."""
        self.renew_list()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the newest event of a failure."""
        event_id = self._newest.get(str(event.row_key.value))
        if event_id:
            self.app.push_screen(ErrorScreen(self._store, event_id))

    def _show(self, found: GroupList) -> None:
        table = self.query_one(DataTable)
        before = [str(key.value) for key in table.rows]
        at = before[table.cursor_row] if before else ""
        self._newest = {group.name: group.newest.event_id for group in found.groups}
        table.clear()
        for group in found.groups:
            table.add_row(*make_group_cells(group), key=group.name)
        if at in self._newest:
            table.move_cursor(row=[*self._newest].index(at), animate=False)
        total = found.total
        more = f", the newest {MAX_GROUPS} of them" if total.groups > MAX_GROUPS else ""
        words = f"{total.errors:,} events of {total.groups:,} failures{more}"
        self.query_one("#head", Static).update(make_cell(f"otel-crumbs · {words} · {self._address.url}"))
        table.display = bool(found.groups)
        self.query_one("#empty", Static).display = not found.groups

    def _explain_sending(self) -> str:
        header = f'\n  OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20{self._address.token}"'
        return (
            "Nothing is here yet. Send events, and they appear by themselves:\n\n"
            f"  OTEL_EXPORTER_OTLP_ENDPOINT={self._address.url}{header if self._address.token else ''}\n"
            f"  {self._address.dsn}  as the DSN of sentry-sdk"
        )
