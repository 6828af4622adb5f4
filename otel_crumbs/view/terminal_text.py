"""The words and colours of the viewer in the terminal; nothing that an event says can move the cursor or colour."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from textwrap import dedent

from rich.text import Text

from otel_crumbs.base.printable import to_printable

from .breadcrumb_line import shorten_sql
from .error_view import ErrorView, ExceptionView, FrameView
from .groups import Group
from .printable_lines import to_printable_lines
from .queries import StoredError
from .rendering import format_clock, format_value
from .summary import shorten_path
from .trail import TrailRow, format_duration, format_offset

# Of a cell, and of what stands below the trail: a terminal shows no more.
_MAX_CELL, _MAX_DETAIL = 500, 4000
_MARKS = {"debug": "·", "info": "●", "warning": "▲", "error": "■", "fatal": "■"}
_STYLES = {"debug": "dim", "info": "", "warning": "yellow", "error": "red", "fatal": "bold red"}
_SECONDS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def make_cell(words: str, style: str = "") -> Text:
    """Return one line that a table shows as it is."""
    return Text(to_printable(words[:_MAX_CELL]), style=style, no_wrap=True, overflow="ellipsis")


def make_group_cells(group: Group) -> tuple[Text, ...]:
    """Return the row of a failure: how many, when the last was, which, where, and the last breadcrumb before it."""
    newest = group.newest
    return (
        Text(f"{group.count + group.held_back:,}", style="bold", justify="right"),
        Text(format_age(group.last), style="dim", justify="right"),
        make_cell(newest.title, "bold red" if newest.level == "fatal" else "red"),
        make_cell(group.operation or group.frame),
        make_cell(", ".join(group.services)),
        make_cell(newest.last_message, "dim"),
    )


def make_row_cells(row: TrailRow) -> tuple[Text, ...]:
    """Return the row of a breadcrumb: its offset, how long it took, its category, and its message."""
    if row.kind == "gap":
        return Text(""), Text(""), Text(""), make_cell(row.message, "dim italic")
    style = "bold red" if row.kind == "error" else _STYLES[row.level]
    mark = "✖" if row.kind == "error" else _MARKS[row.level]
    duration = format_duration(row.duration) if row.duration else ""
    message = shorten_sql(row.message) if row.category == "query" else row.message
    return (
        Text(format_offset(row.offset), style="dim", justify="right"),
        Text(duration, style="dim", justify="right"),
        make_cell(f"{mark} {row.category}", style or "bold"),
        make_cell(" ".join([message or "(no message)", *_iterate_remarks(row)]), style),
    )


def make_detail(row: TrailRow | None) -> Text:
    """Return a breadcrumb in full, with its data."""
    if row is None or row.kind == "gap":
        return Text("")
    pairs = dict(row.data) | ({"span_id": row.span_id} if row.span_id else {})
    words = "\n".join([row.message, *(f"{name}: {format_value(value)}" for name, value in pairs.items())])
    return Text(to_printable_lines(words[:_MAX_DETAIL]))


def make_title(error: StoredError) -> Text:
    """Return an error in two lines."""
    row, exception = error.row, error.document["exceptions"][0]
    facts = [row.operation, row.service, format_clock(row.timestamp), "handled" if error.document["handled"] else ""]
    title = Text()
    title.append(to_printable(exception["type"]), style="bold red")
    title.append(f"  {to_printable(exception['message'][:_MAX_CELL])}\n")
    title.append(" · ".join(to_printable(each) for each in facts if each), style="dim")
    return title


def make_exceptions(view: ErrorView) -> Text:
    """Return the exceptions with their frames, the innermost first, the request and the attributes."""
    text = Text()
    for exception in view.exceptions:
        _add_exception(text, exception)
    for heading, pairs in (("request", view.request), ("attributes", view.attributes), ("resource", view.resource)):
        _add_pairs(text, heading, pairs)
    return text


def make_choices(name: str, counts: Mapping[str, int], chosen: str) -> Text:
    """Return the values by which a trail can be filtered, with their counts; the chosen one is marked."""
    text = Text(f"{name} ", style="dim", no_wrap=True, overflow="ellipsis")
    for value, count in ({"": 0} | dict(counts)).items():
        words = f" {to_printable(value[:40])} {count} " if value else " all "
        text.append(words, style="reverse" if value == chosen else "")
    return text


def format_age(nanoseconds: int) -> str:
    """Return how long ago a moment was: ``5 min``."""
    seconds = max(0, time.time_ns() - nanoseconds) // 1_000_000_000
    return next((f"{seconds // size} {unit}" for size, unit in _SECONDS if seconds >= size), "now")


def _iterate_remarks(row: TrailRow) -> Iterator[str]:
    if row.repeated > 1:
        yield f"x{row.repeated}"
    if row.in_flight:
        yield "[in flight]"
    if row.branch:
        yield f"[{row.branch}]"
    if row.kind in {"span", "log"}:
        yield f"[{row.service}]"


def _add_exception(text: Text, exception: ExceptionView) -> None:
    heading = f"{exception.link} {exception.type}".strip()
    text.append(to_printable(heading), style="bold red")
    text.append(f": {to_printable_lines(exception.message[:_MAX_DETAIL])}\n")
    for note in exception.notes:
        text.append(f"  {to_printable_lines(note[:_MAX_DETAIL])}\n", style="italic")
    for frame in exception.frames:
        _add_frame(text, frame)
    text.append("\n")


def _add_frame(text: Text, frame: FrameView) -> None:
    place = f"{shorten_path(frame.path)}:{frame.line} in {frame.function}"
    text.append(f"  {to_printable(place)}\n", style="bold" if frame.in_app else "dim")
    lines = frame.source if frame.in_app else ()
    # What all lines are indented by takes room from the code.
    code = dedent("\n".join(" ".join(line.code.splitlines())[:_MAX_CELL] for line in lines)).split("\n")
    for line, words in zip(lines, code, strict=False):
        style = "red" if line.is_current else "dim"
        text.append(f"  {'>' if line.is_current else ' '} {line.number:>4}  {to_printable_lines(words)}\n", style=style)


def _add_pairs(text: Text, heading: str, pairs: Mapping[str, object]) -> None:
    if not pairs:
        return
    text.append(f"{heading}\n", style="bold")
    for name, value in pairs.items():
        text.append(f"  {to_printable(name)}  ", style="dim")
        text.append(f"{to_printable(format_value(value)[:_MAX_CELL])}\n")
    text.append("\n")
