"""An error event with its trail, drawn for a terminal: oldest first, the error last and at zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from otel_crumbs.view import breadcrumb_line

from .source_line import find_source_line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

    from otel_crumbs.view.received_event import ReceivedEvent

LEVEL_STYLES = {"debug": "dim", "info": "", "warning": "yellow", "error": "red", "fatal": "bold red"}
CATEGORY_STYLES = {"http": "blue", "query": "green", "span": "magenta", "exception": "red"}
OTHER_CATEGORY_STYLE = "cyan"

# Each level has a shape of its own: colour alone is no difference for everybody.
SHAPES = {"debug": "·", "info": "●", "warning": "▲", "error": "■", "fatal": "■", "failure": "✖"}
ASCII_SHAPES = {"debug": ".", "info": "o", "warning": "!", "error": "#", "fatal": "#", "failure": "X"}

# The same for every event, so that their columns stand below each other.
TIME_WIDTH = 8
CATEGORY_WIDTH, WIDE_CATEGORY_WIDTH = 14, 18
WIDE = 100
# Beside time, category and message: the shape and the spaces between.
MARGIN = 5
MIN_MESSAGE_WIDTH = 24
MAX_MESSAGE_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A rich renderable: one error event, *number* of *total* where these are known."""

    event: ReceivedEvent
    number: int | None = None
    total: int | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._format_title()
        yield Text()
        yield self._format_trail(options)
        yield Text()
        yield Padding(self._format_footer(), (0, 1))
        yield Text()

    def _format_title(self) -> Rule:
        operation = self.event.attributes.get("otel_crumbs.operation") or "no operation"
        counted = self.number if self.total is None else f"{self.number} of {self.total}"
        position = () if self.number is None else ((f"{counted}  ", "bold"),)
        title = Text.assemble(*position, (shorten_type(self.event), "bold red"), f" in {operation}")
        return Rule(title, align="left", style="dim")

    def _format_trail(self, options: ConsoleOptions) -> Table:
        shapes = ASCII_SHAPES if options.ascii_only else SHAPES
        category_width = CATEGORY_WIDTH if options.max_width < WIDE else WIDE_CATEGORY_WIDTH
        message_width = max(options.max_width - TIME_WIDTH - category_width - MARGIN, MIN_MESSAGE_WIDTH)
        table = Table.grid(padding=(0, 1))
        table.add_column(justify="right", width=TIME_WIDTH, no_wrap=True)
        table.add_column(width=1)
        table.add_column(width=category_width, no_wrap=True, overflow="ellipsis")
        table.add_column(width=message_width, overflow="fold")
        if self._dropped:
            words = f"{self._dropped} earlier breadcrumbs had no room"
            table.add_row(Text(), Text(), Text(), Text(words, style="dim italic"))
        for crumb in self.event.breadcrumbs:
            table.add_row(*self._format_row(crumb, shapes, message_width))
        for row in self._format_failure(shapes):
            table.add_row(*row)
        return table

    @property
    def _dropped(self) -> int:
        return int(self.event.attributes.get("otel_crumbs.dropped") or 0)

    def _format_row(self, crumb: Mapping[str, Any], shapes: Mapping[str, str], width: int) -> tuple[Text, ...]:
        level = str(crumb.get("level", "info"))
        style = LEVEL_STYLES.get(level, "")
        category = str(crumb.get("category", ""))
        category_style = CATEGORY_STYLES.get(category, OTHER_CATEGORY_STYLE)
        time = breadcrumb_line.format_relative_time(crumb["timestamp"], self.event.timestamp)
        return (
            Text(time, style="dim"),
            Text(shapes.get(level, shapes["info"]), style=style or category_style),
            Text(category, style=category_style),
            format_message(crumb, style, width * MAX_MESSAGE_LINES),
        )

    def _format_failure(self, shapes: Mapping[str, str]) -> Iterator[tuple[Text, ...]]:
        attributes = self.event.attributes
        title = f"{shorten_type(self.event)}: {attributes.get('exception.message', '')}"
        level = Text(self.event.severity_text.lower(), style="bold red")
        cross = Text(shapes["failure"], style="bold red")
        yield Text("0", style="bold red"), cross, level, Text(title, style="bold white on red")
        line = find_source_line(str(attributes.get("exception.stacktrace", "")))
        if line is not None:
            yield Text(), Text(), Text(), Text(line.source, style="red")
            yield Text(), Text(), Text(), Text(f"at {line}", style="dim")

    def _format_footer(self) -> Text:
        attributes = self.event.attributes
        moment = datetime.fromtimestamp(self.event.timestamp / breadcrumb_line.NANOSECONDS).astimezone()
        handled = "handled" if attributes.get("otel_crumbs.handled") else "unhandled"
        count = len(self.event.breadcrumbs)
        parts = [
            f"{count} breadcrumb{'s' * (count != 1)}",
            f"{self._dropped} dropped",
            handled,
            f"reported by {attributes.get('otel_crumbs.mechanism', '?')}",
            f"{moment:%H:%M:%S}",
        ]
        ids = f"event {self.event.event_id}  trace {self.event.trace_id or 'none'}"
        return Text(", ".join(parts) + "\n" + ids, style="dim")


def shorten_type(event: ReceivedEvent) -> str:
    """Return the exception's class without its module."""
    return str(event.attributes.get("exception.type", "error")).rpartition(".")[2]


def format_message(crumb: Mapping[str, Any], style: str, limit: int) -> Text:
    """Return the message of a breadcrumb with its marks, duration and data."""
    text = Text(breadcrumb_line.cut(breadcrumb_line.format_message(crumb), limit), style=style)
    marks = breadcrumb_line.format_marks(crumb)
    if marks:
        text.append(f"  {marks}", style="bold")
    for extra in (breadcrumb_line.format_duration(crumb), breadcrumb_line.format_data(crumb)):
        if extra:
            text.append(f"  {extra}", style="dim")
    return text
