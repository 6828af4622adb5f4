"""
Draw the first picture of README.md: a bare traceback beside the same error with its trail.

`python docs/first_picture.py` runs the demo and draws its last error, light and dark;
`python docs/first_picture.py FILE` takes the events from a file that `otel-crumbs demo --json` wrote.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from otel_crumbs.view.breadcrumb_line import format_message, format_relative_time

STATIC = Path(__file__).with_name("_static")
NAME = "first-picture"

# In units of the picture, which pages show about as many pixels wide.
WIDTH, PADDING, GAP = 1000, 18, 16
LEFT_WIDTH = 348
FONT, LINE, CHARACTER = 12, 19, 7.25
LEFT_CHARACTERS = int((LEFT_WIDTH - 2 * PADDING) / CHARACTER)
# The columns of the right side: where times end, marks stand, categories and messages begin.
TIMES, MARKS, CATEGORIES, MESSAGES = 70, 82, 97, 200
RIGHT_X = LEFT_WIDTH + GAP
MESSAGE_CHARACTERS = int((WIDTH - RIGHT_X - MESSAGES - PADDING) / CHARACTER)
HEAD = 52

FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
SANS = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """What is drawn in which colour."""

    panel: str
    edge: str
    text: str
    faint: str
    query: str
    http: str
    log: str
    warning: str
    error: str
    bar: str
    on_bar: str


THEMES: Mapping[str, Colours] = {
    "light": Colours(
        panel="#f6f8fa",
        edge="#d0d7de",
        text="#1f2328",
        faint="#57606a",
        query="#116329",
        http="#0550ae",
        log="#7d3c98",
        warning="#8a5300",
        error="#c11e28",
        bar="#c11e28",
        on_bar="#ffffff",
    ),
    "dark": Colours(
        panel="#161b22",
        edge="#30363d",
        text="#e6edf3",
        faint="#9aa4af",
        query="#56d364",
        http="#79c0ff",
        log="#d2a8ff",
        warning="#e3b341",
        error="#ff7b72",
        bar="#b62324",
        on_bar="#ffffff",
    ),
}
SHAPES = {"warning": "▲", "error": "■", "fatal": "■"}


def main() -> int:
    """Draw both pictures."""
    lines = Path(sys.argv[1]).read_text("utf-8") if len(sys.argv) > 1 else run_demo()
    event = name_provider(json.loads(lines.splitlines()[-1]))
    for theme, colours in THEMES.items():
        STATIC.joinpath(f"{NAME}-{theme}.svg").write_text(draw(event, colours), "utf-8")
    return 0


def run_demo() -> str:
    """Return the demo's events as lines of JSON."""
    command = [sys.executable, "-m", "otel_crumbs", "demo", "--json"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def name_provider(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the event with a name for the payment provider's loopback address, which is another one each time."""
    return dict(json.loads(re.sub(r"127\.0\.0\.1:\d+", "payments:8080", json.dumps(event))))


def draw(event: Mapping[str, Any], colours: Colours) -> str:
    """Return the picture of one event as SVG."""
    left = list(format_traceback(event))
    right = list(format_trail(event, colours))
    notes = list(format_notes(event))
    height = HEAD + PADDING + LINE * (1.4 + sum(len(row.lines) for row in right))
    title = f"{event['attributes']['exception.type']}: the traceback alone, and the error with its trail"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(describe(event))}</desc>',
        f'<g font-family="{FONTS}" font-size="{FONT}" fill="{colours.text}">',
        panel(0, LEFT_WIDTH, height, "The traceback", colours),
        panel(RIGHT_X, WIDTH - RIGHT_X, height, "The same error, as otel-crumbs sends it", colours),
        *draw_traceback(left, colours),
        *draw_notes(notes, height, colours),
        *draw_trail(right, colours),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def panel(x: float, width: float, height: float, title: str, colours: Colours) -> str:
    """Return a box with its title."""
    box = f'<rect x="{x + 0.5}" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"'
    return (
        f'{box} fill="{colours.panel}" stroke="{colours.edge}"/>\n'
        f'<text x="{x + PADDING}" y="29" font-family="{SANS}" font-size="14" font-weight="600">{escape(title)}</text>'
    )


def describe(event: Mapping[str, Any]) -> str:
    """Return the trail in words, for who does not see the picture."""
    steps = "; ".join(format_message(crumb) for crumb in event["attributes"]["otel_crumbs.breadcrumbs"])
    return f"Before the error: {steps}."


def format_traceback(event: Mapping[str, Any]) -> Iterator[str]:
    """Iterate over the lines of the traceback, with the frames of libraries counted and not shown."""
    first, *lines = event["attributes"]["exception.stacktrace"].strip().splitlines()
    yield first
    frames: list[list[str]] = []
    while lines and lines[0].startswith(" "):
        if lines[0].lstrip().startswith("File "):
            frames.append([])
        frames[-1].append(lines.pop(0))
    foreign = [frame for frame in frames if re.search(r"(site|dist)-packages|lib/python", frame[0])]
    yield f"  ... {len(foreign)} frames of Django ..."
    for frame in frames:
        if frame not in foreign:
            yield re.sub(r'"[^"]*/(\w+/\w+\.py)"', r'"\1"', frame[0])
            yield from frame[1:]
    for line in lines:
        yield from textwrap.wrap(line, LEFT_CHARACTERS)


def format_notes(event: Mapping[str, Any]) -> Iterator[str]:
    """Iterate over the lines below the trail: what else the event has."""
    handled = "handled" if event["attributes"]["otel_crumbs.handled"] else "unhandled"
    yield f"{event['attributes']['otel_crumbs.operation']}, {handled}, trace {event['trace_id'][:16]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the trail."""

    time: str
    mark: str
    category: str
    lines: list[str]
    colour: str
    text: str
    bold: bool = False


def format_trail(event: Mapping[str, Any], colours: Colours) -> Iterator[Row]:
    """Iterate over the rows of the trail, and that of the error."""
    for crumb in event["attributes"]["otel_crumbs.breadcrumbs"]:
        category, level = str(crumb["category"]), crumb["level"]
        own = {"query": colours.query, "http": colours.http}.get(category, colours.log)
        alarm = {"warning": colours.warning, "error": colours.error, "fatal": colours.error}.get(level)
        yield Row(
            time=format_relative_time(crumb["timestamp"], event["timestamp"]),
            mark=SHAPES.get(level, "●"),
            category=category,
            lines=textwrap.wrap(format_message(crumb), MESSAGE_CHARACTERS),
            colour=alarm or own,
            text=alarm or colours.text,
        )
    attributes = event["attributes"]
    words = f"{attributes['exception.type']}: {attributes['exception.message']}"
    yield Row(
        time="0",
        mark="✖",
        category="error",
        lines=textwrap.wrap(words, MESSAGE_CHARACTERS),
        colour=colours.error,
        text=colours.on_bar,
        bold=True,
    )


def draw_traceback(lines: list[str], colours: Colours) -> Iterator[str]:
    """Iterate over the texts of the left side."""
    for number, line in enumerate(lines):
        last = not line.startswith((" ", "Traceback"))
        style = f'fill="{colours.error}" font-weight="600"' if last else ""
        yield write(PADDING, HEAD + LINE * (number + 0.75), line, style)


def draw_notes(notes: list[str], height: float, colours: Colours) -> Iterator[str]:
    """Iterate over the texts below the trail."""
    for number, note in enumerate(reversed(notes)):
        yield write(RIGHT_X + PADDING, height - PADDING + 4 - LINE * number, note, f'fill="{colours.faint}"')


def draw_trail(rows: list[Row], colours: Colours) -> Iterator[str]:
    """Iterate over the texts of the right side, with a line through their marks."""
    height = LINE * sum(len(row.lines) for row in rows[:-1])
    x = RIGHT_X + MARKS
    yield f'<path d="M{x + 4} {HEAD + 8}v{height}" stroke="{colours.edge}" stroke-width="1.5"/>'
    y = HEAD
    for row in rows:
        base = y + LINE * 0.75
        weight = 'font-weight="600"' if row.bold else ""
        yield write(
            RIGHT_X + TIMES, base, row.time, f'fill="{row.colour if row.bold else colours.faint}" text-anchor="end"'
        )
        yield write(x, base, row.mark, f'fill="{row.colour}"')
        yield write(RIGHT_X + CATEGORIES, base, row.category, f'fill="{row.colour}" {weight}')
        if row.bold:
            width = WIDTH - RIGHT_X - MESSAGES - PADDING + 12
            size = f'width="{width}" height="{LINE * len(row.lines)}"'
            yield f'<rect x="{RIGHT_X + MESSAGES - 6}" y="{y}" {size} rx="3" fill="{colours.bar}"/>'
        for line in row.lines:
            yield write(RIGHT_X + MESSAGES, y + LINE * 0.75, line, f'fill="{row.text}" {weight}')
            y += LINE


def write(x: float, y: float, text: str, style: str) -> str:
    """Return one text; what it is indented by moves it, for spaces at its beginning are not drawn everywhere."""
    x += CHARACTER * (len(text) - len(text.lstrip()))
    return f'<text x="{x:g}" y="{y:g}" {style.strip()}>{escape(text.strip())}</text>'


if __name__ == "__main__":
    sys.exit(main())
