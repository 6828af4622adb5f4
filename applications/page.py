"""The page of the applications."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from application import Application

PAGE = Path(__file__).parents[1] / "docs" / "applications.md"
ROWS = "| application | what is broken | answer | event | breadcrumbs |\n|---|---|---|---|---|\n"
# Of a long line: a failure's reason stands at its end.
START, END = 100, 80


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one application: its answer, and its events."""

    application: Application
    version: str
    status: int
    events: Sequence[Mapping[str, Any]]

    @property
    def faults(self) -> tuple[str, ...]:
        """What is not as it should be, in words."""
        if len(self.events) != 1:
            return (f"{len(self.events)} events",)
        rest, missing = story_of(self.events[0]), []
        for words in self.application.story:
            _, found, after = rest.partition(words)
            if found:
                rest = after
            else:
                missing.append(f"the trail does not say {words!r}")
        return tuple(missing)

    @property
    def text(self) -> str:
        """All of it, for a terminal."""
        lines = [f"{self.application.name} {self.version}: answered {self.status}, {len(self.events)} events"]
        for event in self.events:
            lines += [f"  {title_of(event)} in {event.get('operation')} ({event['mechanism']})"]
            lines += [f"    {line}" for line in lines_of(event)]
        lines += [f"  FAULT {fault}" for fault in self.faults]
        return "\n".join(lines)


def update_page(outcomes: Iterable[Outcome]) -> None:
    """Put the rows and trails of these applications into the page; what others had stays."""
    page = PAGE.read_text(encoding="utf-8")
    rows, trails = parts_of(page, "table"), parts_of(page, "trails")
    for outcome in outcomes:
        rows[outcome.application.name] = row_of(outcome)
        trails[outcome.application.name] = trail_of(outcome)
    page = replaced(page, "table", ROWS + "\n".join(rows[name] for name in sorted(rows)))
    page = replaced(page, "trails", "\n\n".join(trails[name] for name in sorted(trails)))
    PAGE.write_text(page, encoding="utf-8")


def parts_of(page: str, name: str) -> dict[str, str]:
    """Return the part of each application between the markers of that name."""
    between = page.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- end of {name} -->")[0]
    if name == "table":
        return {row.split()[1]: row for row in between.splitlines() if row.startswith("| ") and row not in ROWS}
    parts = re.split(r"^(?=### )", between, flags=re.MULTILINE)
    return {part.split()[1]: part.strip() for part in parts if part.startswith("### ")}


def replaced(page: str, name: str, content: str) -> str:
    """Return a page with what stands between its markers of that name replaced."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page has no {start.strip()} ... {end}")
    return f"{before}{start}\n{content}\n\n{end}{after}"


def row_of(outcome: Outcome) -> str:
    """Return an application's row of the table."""
    titles = "<br>".join(f"`{_cell(title_of(event))}`" for event in outcome.events) or "**none**"
    counts = ", ".join(str(len(event["breadcrumbs"])) for event in outcome.events)
    name, fault = outcome.application.name, outcome.application.fault
    return f"| {name} {outcome.version} | {fault} | {outcome.status} | {titles} | {counts} |"


def trail_of(outcome: Outcome) -> str:
    """Return an application's section: its events with their trails."""
    parts = [f"### {outcome.application.name}"]
    for event in outcome.events:
        operation = f"`{event['operation']}`" if "operation" in event else "no operation"
        attributes = event.get("attributes", {})
        path = attributes.get("url.path") or urlsplit(attributes.get("url.full", "")).path
        parts.append(f"In {operation}{f', `{path}`' if path else ''}, by `{event['mechanism']}`:")
        parts.append("\n".join(["```text", *lines_of(event), "```"]))
    if outcome.application.known:
        parts.append(outcome.application.known)
    return "\n\n".join(parts)


def story_of(event: Mapping[str, Any]) -> str:
    """Return all that an event's breadcrumbs say, and its title."""
    return "\n".join([*(breadcrumb["message"] for breadcrumb in event["breadcrumbs"]), event["title"]])


def title_of(event: Mapping[str, Any]) -> str:
    """Return an event's title in one line that is not too long."""
    return _short(str(event["title"]))


def lines_of(event: Mapping[str, Any]) -> list[str]:
    """Return a line for each breadcrumb, and one for the error itself; times count from the error."""
    failed = datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
    lines = [f"... {event['dropped']} dropped"] if event["dropped"] else []
    for breadcrumb in event["breadcrumbs"]:
        at = datetime.fromisoformat(breadcrumb["timestamp"].replace("Z", "+00:00"))
        times = f" ({breadcrumb['repeated']} times)" if "repeated" in breadcrumb else ""
        offset = (at - failed).total_seconds()
        message = _short(f"{breadcrumb['category']}: {breadcrumb['message']}{times}")
        lines.append(f"{offset:+9.3f} s  {breadcrumb['level']:<7}  {message}")
    return [*lines, f"{0:9}    {event['level']:<7}  {title_of(event)}"]


def _short(text: str) -> str:
    """Return a text in one line that is not too long, without what differs from machine to machine."""
    text = re.sub(r"(/[\w.+-]+)+/real-applications/[\w.-]+", "~", text)
    text = re.sub(r"\b127\.0\.0\.1:\d{4,5}\b", "127.0.0.1:PORT", " ".join(text.split()))
    return text if len(text) <= START + END else f"{text[:START]} ... {text[-END:]}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")
