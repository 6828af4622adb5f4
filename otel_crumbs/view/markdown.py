"""An error event as Markdown, for a ticket, a colleague or a coding agent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from otel_crumbs.base.printable import to_printable
from otel_crumbs.event.app_frames import is_library_path

from .printable_lines import to_printable_lines
from .queries import StoredError
from .trail import TrailRow, cut_row, format_duration, format_offset, iterate_breadcrumbs

# As Sentry's "copy as Markdown" has it.
BREADCRUMBS, CHARACTERS, ALL_CHARACTERS = 10, 500, 5000
_MAX_FRAMES = 12
_MAX_SOURCE = 3000
_SHOWN_ATTRIBUTES = re.compile(r"http\.|url\.|messaging\.|rpc\.|faas\.|user\.|enduser\.|error\.")


def as_markdown(
    error: StoredError,
    breadcrumbs: int | None = BREADCRUMBS,
    characters: int = CHARACTERS,
    *,
    trail: Sequence[TrailRow] | None = None,
    link: str = "",
) -> str:
    """
    Return an error event as Markdown.

    Args:
        error: The event.
        breadcrumbs: How many of the newest are shown; None means all, as a table.
        characters: The most of each message.
        trail: Rows to show in place of the event's own breadcrumbs, as of `read_trail`.
        link: Where the whole event can be seen.

    """
    document = error.document
    rows = [*iterate_breadcrumbs(error, error.row.timestamp)] if trail is None else [*trail]
    shown = rows if breadcrumbs is None else rows[max(0, len(rows) - breadcrumbs) :]
    parts = [
        f"# {_escape(document['title'])}",
        "\n".join(_describe(error)),
        *_format_exceptions(document),
        _format_source(document.get("source", "")),
        *_format_trail(error, shown, len(rows), characters, as_table=breadcrumbs is None),
        *([f"The whole event: {link}"] if link else []),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def format_rows(rows: Sequence[TrailRow], characters: int = CHARACTERS) -> str:
    """Return rows of a trail as lines of a list, within Sentry's budget of characters: the newest that fit."""
    lines: list[str] = []
    room = ALL_CHARACTERS
    for row in reversed(rows):
        line = _format_line(row, characters)
        room -= len(line)
        if room < 0 and lines:
            break
        lines.append(line)
    return "\n".join(reversed(lines))


def _describe(error: StoredError) -> Iterator[str]:
    document, row = error.document, error.row
    moment = document["timestamp"].replace("T", " ").replace("Z", " UTC")
    handled = "handled" if document["handled"] else "unhandled"
    facts = {
        "operation": row.operation,
        "service": row.service,
        "when": moment,
        "what noticed it": f"{row.mechanism}, {handled}, level {row.level}",
        "trace": row.trace_id or "",
        "event": row.event_id,
        **{name: value for name, value in document.get("attributes", {}).items() if _SHOWN_ATTRIBUTES.match(name)},
    }
    for name, value in facts.items():
        if value not in {"", None} if isinstance(value, str | None) else True:
            yield f"- {_escape(name)}: {_quote(value)}"


def _format_exceptions(document: Mapping[str, Any]) -> Iterator[str]:
    for number, exception in enumerate(document["exceptions"]):
        heading = "## Error" if number == 0 else f"## {_name_link(exception.get('link', ''))}"
        text = f"{exception['type']}: {exception['message']}" if exception["message"] else exception["type"]
        lines = [text, *exception.get("notes", ())]
        frames = [frame for frame in exception["frames"] if not is_library_path(frame["path"])] or exception["frames"]
        for frame in frames[-_MAX_FRAMES:]:
            lines.append(f"  {frame['path']}:{frame['line']} in {frame['function']}")
            if frame.get("source"):
                lines.append(f"    {frame['source']}")
        yield f"{heading}\n\n{_format_block(lines)}"


def _format_source(source: str) -> str:
    return f"## Source\n\n{_format_block(source[-_MAX_SOURCE:].splitlines())}" if source else ""


def _format_trail(
    error: StoredError, shown: Sequence[TrailRow], count: int, characters: int, *, as_table: bool
) -> Iterator[str]:
    yield "## What happened before"
    dropped = error.document["dropped"]
    if not shown:
        yield "There are no breadcrumbs."
    elif as_table:
        rows = [_format_cells(cut_row(row, characters)) for row in shown]
        yield "\n".join(["| time | category | level | message | took |", "|---:|---|---|---|---:|", *rows])
    else:
        lines = format_rows(shown, characters)
        yield lines
        more = count - lines.count("\n") - 1
        if more:
            yield f"{more} more before: {error.row.event_id}"
    if dropped:
        by_category = ", ".join(f"{_escape(name)} {n}" for name, n in error.document["dropped_by_category"].items())
        yield f"{dropped} earlier breadcrumbs had no room: {by_category}" if by_category else f"{dropped} had no room"


def _format_line(row: TrailRow, characters: int) -> str:
    level = f" **{row.level}**" if row.level in {"warning", "error", "fatal"} else ""
    message = _quote(cut_row(row, characters).message)
    return f"- `{format_offset(row.offset)}` {_escape(row.category)}{level} {message}{_format_marks(row)}"


def _format_cells(row: TrailRow) -> str:
    took = format_duration(row.duration) if row.duration else ""
    message = _quote(row.message).replace("|", "\\|")
    words = f"{message}{_format_marks(row)}"
    return f"| {format_offset(row.offset)} | {_escape(row.category)} | {row.level} | {words} | {took} |"


def _format_marks(row: TrailRow) -> str:
    marks = [
        *([f"x{row.repeated}"] if row.repeated > 1 else []),
        *(["in flight"] if row.in_flight and "in flight" not in row.message else []),
        *([f"in {_escape(row.branch)}"] if row.branch else []),
    ]
    return f" ({', '.join(marks)})" if marks else ""


def _name_link(link: str) -> str:
    return {"__cause__": "Raised from", "__context__": "While handling"}.get(link, f"Part of it: {_escape(link)}")


def _quote(value: Any) -> str:
    """Return a value as code on one line, whatever backticks stand in it."""
    text = " ".join(to_printable(str(value)).split()) or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _format_block(lines: Sequence[str]) -> str:
    text = "\n".join(to_printable_lines(line) for line in lines)
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    return f"{'`' * (longest + 1)}text\n{text}\n{'`' * (longest + 1)}"


def _escape(text: Any) -> str:
    """Return a text of one line that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(to_printable(str(text)).split()))
