"""The doctor's findings on the screen, as plain text or as JSON."""

from __future__ import annotations

import json
import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from typing import TextIO

from .section import Row, Section, State

MARKS = {State.PLAIN: " ", State.GOOD: "✓", State.NOTE: "•", State.BAD: "✗"}
ASCII_MARKS = {State.PLAIN: " ", State.GOOD: "+", State.NOTE: "*", State.BAD: "X"}
COLOURS = {State.GOOD: "32", State.NOTE: "33", State.BAD: "31"}
BOLD, DIM = "1", "2"

MAX_WIDTH = 110
MAX_VALUE_WIDTH = 24
MIN_ROOM = 24


def as_json(sections: Iterable[Section], *, well: bool) -> str:
    """Return the sections as one JSON document."""
    document = {section.key: section.as_list() for section in sections}
    return json.dumps({"well": well} | document, indent=2)


class Report:
    """
    Writes sections as text.

    Args:
        stream: Takes the text; in colours only if it is a terminal, and NO_COLOR is not set.

    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR")
        self._marks = MARKS if (stream.encoding or "").lower().startswith("utf") else ASCII_MARKS
        self._width = min(shutil.get_terminal_size((80, 24)).columns, MAX_WIDTH)

    def write(self, section: Section) -> None:
        """Write a section, if there is anything in it."""
        if not section.rows:
            return
        self._write_line(self._paint(section.title, BOLD))
        name_width = max(len(row.name) for row in section.rows)
        value_width = max(len(row.value) * (len(row.value) <= MAX_VALUE_WIDTH) for row in section.rows)
        for row in section.rows:
            for line in self._format_row(row, name_width, value_width):
                self._write_line(line)
        self._write_line("")
        self._stream.flush()

    def write_verdict(self, sentence: str, *, well: bool) -> None:
        """Write the last sentence of the report."""
        for line in textwrap.wrap(sentence, self._width):
            self._write_line(self._paint(line, COLOURS[State.GOOD if well else State.BAD]))

    def _format_row(self, row: Row, name_width: int, value_width: int) -> Iterator[str]:
        mark = self._paint(self._marks[row.state], COLOURS.get(row.state, ""))
        indent = " " * (name_width + 6)
        first, *others = self._wrap_remark(row, max(self._width - len(indent), MIN_ROOM), value_width)
        yield f"  {mark} {row.name:<{name_width}}  {first}".rstrip()
        yield from (indent + line for line in others)

    def _wrap_remark(self, row: Row, room: int, value_width: int) -> list[str]:
        colour = DIM if row.state in {State.PLAIN, State.GOOD} else COLOURS[row.state]
        lines = textwrap.wrap(row.value, room, break_on_hyphens=False)
        remark = textwrap.wrap(row.remark, room, break_on_hyphens=False)
        # A short value leaves the column to the remark; a long one has it behind its last line.
        last = lines.pop() if lines else ""
        last = last if lines else last.ljust(value_width)
        if len(remark) == 1 and len(last) + 2 + len(row.remark) <= room:
            return [*lines, f"{last}  {self._paint(row.remark, colour)}"]
        above = [*lines, last.rstrip()] if row.value or not remark else []
        return above + [self._paint(line, colour) for line in remark]

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._coloured and code else text

    def _write_line(self, text: str) -> None:
        self._stream.write(f"{text}\n")
