"""One error in the terminal: its trail, and where it broke."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding
from textual.containers import Container, Vertical, VerticalScroll
from textual.events import Resize  # noqa: TC002 - textual reads the annotations of handlers
from textual.widgets import DataTable, Footer, Input, Static

from .error_view import make_error_view
from .queries import StoredError, find_neighbours, get_error
from .rendering import count_values
from .store import Store
from .store_error import StoreError
from .terminal_search import SearchScreen
from .terminal_text import make_choices, make_detail, make_exceptions, make_row_cells, make_title
from .trail import TrailFilters, TrailRow, keep_newest, make_trail, matches

# Rows of a trail; more are on the page of the error.
MAX_ROWS = 2000
_COLUMNS = ("time", "took", "category", "what happened before")
# With so many columns the trail and the frames have room side by side.
_WIDE = 120


class ErrorScreen(SearchScreen):
    """
    One error.

    Args:
        store: The store.
        event_id: The id of its event.

    """

    BINDINGS: ClassVar[list[Any]] = [
        Binding("escape", "back", "back"),
        Binding("n", "step(1)", "next"),
        Binding("p", "step(0)", "previous"),
        Binding("c", "choose('category', 1)", "category"),
        Binding("C", "choose('category', -1)", show=False),
        Binding("l", "choose('level', 1)", "level"),
        Binding("L", "choose('level', -1)", show=False),
        Binding("slash", "search", "search"),
        Binding("j", "move(1)", show=False),
        Binding("k", "move(-1)", show=False),
    ]
    CSS = """
    #title { padding: 0 1; height: 2; }
    .choices { padding: 0 1; height: 1; }
    #within { display: none; }
    #within.shown { display: block; }
    #both { height: 1fr; layout: vertical; }
    #both.wide { layout: horizontal; }
    #trail { height: 1fr; }
    #both.wide #trail { height: 100%; width: 3fr; }
    #both.wide #exception { height: 100%; width: 2fr; border-left: solid $panel; }
    #exception { height: 1fr; padding: 0 1; border-top: solid $panel; }
    #both.wide #exception { border-top: none; }
    #rows { height: 1fr; }
    #detail { height: auto; max-height: 8; padding: 0 1; border-top: solid $panel; }
    """

    def __init__(self, store: Store, event_id: str) -> None:
        super().__init__()
        self._store = store
        self._event_id = event_id
        self._error: StoredError | None = None
        self._all: tuple[TrailRow, ...] = ()
        self._rows: list[TrailRow] = []
        self._chosen = {"category": "", "level": ""}

    def compose(self) -> Any:
        """Arrange the parts of the screen."""
        yield Static(id="title", markup=False)
        yield Static(id="category", classes="choices", markup=False)
        yield Static(id="level", classes="choices", markup=False)
        yield Input(id="within", placeholder="search this trail")
        with Container(id="both"):
            with Vertical(id="trail"):
                yield DataTable(id="rows", cursor_type="row")
                yield Static(id="detail", markup=False)
            with VerticalScroll(id="exception"):
                yield Static(id="frames", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Show the error."""
        self.add_columns(_COLUMNS)
        self.show_error(self._event_id)

    def on_resize(self, event: Resize) -> None:
        """Arrange the parts side by side where there is room."""
        self.query_one("#both").set_class(event.size.width >= _WIDE, "wide")

    def show_error(self, event_id: str) -> None:
        """Show an event; the filters stay."""
        try:
            error = get_error(self._store, event_id)
            trail = None if error is None else keep_newest(make_trail(self._store, error), MAX_ROWS)
        except StoreError as failed:
            self.notify(str(failed), severity="error", markup=False)
            return
        if error is None or trail is None:
            self.notify("it was removed: the store keeps what is new", markup=False)
            return
        self._error, self._all = error, trail.rows
        for name in self._chosen:
            if self._chosen[name] not in count_values(self._all, name):
                self._chosen[name] = ""
        self.query_one("#title", Static).update(make_title(error))
        self.query_one("#frames", Static).update(make_exceptions(make_error_view(error)))
        self.query_one("#exception", VerticalScroll).scroll_home(animate=False)
        self.show_rows()

    def show_rows(self) -> None:
        """Show the rows that fit the filters; the error itself always does."""
        filters = TrailFilters(
            categories=tuple(filter(None, [self._chosen["category"]])),
            levels=tuple(filter(None, [self._chosen["level"]])),
            text=self.query_one(Input).value,
        )
        is_open = filters == TrailFilters()
        self._rows = [
            row
            for row in self._all
            if is_open or (row.kind == "error" and row.offset == 0) or (row.kind != "gap" and matches(row, filters))
        ]
        for name, chosen in self._chosen.items():
            self.query_one(f"#{name}", Static).update(make_choices(name, count_values(self._all, name), chosen))
        table = self.query_one(DataTable)
        table.clear()
        for row in self._rows:
            table.add_row(*make_row_cells(row))
        # The error, and what came last before it, is what one looks for.
        zero = next((number for number, row in enumerate(self._rows) if row.kind == "error" and row.offset == 0), 0)
        table.move_cursor(row=zero, animate=False)
        self._show_detail(zero)

    def action_step(self, end: int) -> None:
        """Show the event before, or after this one in its group."""
        if self._error is None:
            return
        near = find_neighbours(self._store, self._error.row)[end]
        if near is None:
            self.notify("it is the last of its group" if end else "it is the first of its group", markup=False)
        else:
            self.show_error(near.event_id)

    def action_choose(self, name: str, step: int) -> None:
        """Filter by the next category or level."""
        values = ["", *count_values(self._all, name)]
        self._chosen[name] = values[(values.index(self._chosen[name]) + step) % len(values)]
        self.show_rows()

    def action_back(self) -> None:
        """Take the filters away; without any go back to the list."""
        field = self.query_one(Input)
        if not field.has_class("shown") and not any(self._chosen.values()):
            self.dismiss()
            return
        self._chosen = dict.fromkeys(self._chosen, "")
        self.close_search()
        self.show_rows()

    def on_input_changed(self, _event: Input.Changed) -> None:
        """Search for what was typed."""
        self.show_rows()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the data of the row that the cursor is at."""
        self._show_detail(event.cursor_row)

    def _show_detail(self, number: int) -> None:
        row = self._rows[number] if 0 <= number < len(self._rows) else None
        self.query_one("#detail", Static).update(make_detail(row))
