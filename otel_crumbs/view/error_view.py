"""The parts of an error's page beside its trail: exceptions with their frames and source, request, resource."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from otel_crumbs.event.app_frames import is_library_path

from .queries import StoredError

# As `otel_crumbs.event.source_lines` writes them.
_HEADING = re.compile(r"^(?P<path>.+), line (?P<line>\d+), in (?P<function>.+)$")
_LINE = re.compile(r"^(?P<mark>[> ]) +(?P<number>\d+)(?:  (?P<code>.*))?$")
_REQUEST = re.compile(r"^(?:http|url|messaging|rpc|faas|client|server|network|user_agent|user|enduser|session)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One line of source: its number, its code, and whether the frame is there."""

    number: int
    code: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameView:
    """One frame as the page shows it."""

    path: str
    line: int
    function: str
    in_app: bool
    editor: str
    source: tuple[SourceRow, ...]
    locals: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionView:
    """One exception of the chain; *depth* is how far it is from the first."""

    type: str
    message: str
    notes: tuple[str, ...]
    link: str
    depth: int
    frames: tuple[FrameView, ...]
    hidden: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    """The parts of the page."""

    exceptions: tuple[ExceptionView, ...]
    request: Mapping[str, Any]
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]


def make_error_view(error: StoredError) -> ErrorView:
    """Return the parts of an error's page."""
    document = error.document
    attributes = document.get("attributes", {})
    return ErrorView(
        exceptions=tuple(_iterate_exceptions(document)),
        request={name: value for name, value in attributes.items() if _REQUEST.match(name)},
        attributes={name: value for name, value in attributes.items() if not _REQUEST.match(name)},
        resource=document["resource"],
    )


def read_source(source: str) -> dict[tuple[str, int], tuple[SourceRow, ...]]:
    """Return the lines around frames, by the end of the frame's path and its line."""
    blocks: dict[tuple[str, int], tuple[SourceRow, ...]] = {}
    for block in source.split("\n\n"):
        heading, *lines = block.splitlines() or [""]
        found = _HEADING.match(heading)
        if found and found["line"].isascii():
            rows = tuple(_iterate_lines(lines))
            blocks[found["path"], int(found["line"][:9])] = rows
    return blocks


def make_editor_link(path: str, line: int) -> str:
    """Return the address that opens a file in the editor, nothing for a file that has no full path."""
    return f"vscode://file{quote(path)}:{line}" if path.startswith("/") else ""


def _iterate_exceptions(document: Mapping[str, Any]) -> Iterator[ExceptionView]:
    sources = read_source(document.get("source", ""))
    depths: list[int] = []
    for exception in document["exceptions"]:
        parent = exception.get("parent")
        depths.append(depths[parent] + 1 if parent is not None and parent < len(depths) else 0)
        frames = tuple(_make_frame(frame, sources) for frame in exception["frames"])
        yield ExceptionView(
            type=exception["type"],
            message=exception["message"],
            notes=tuple(exception.get("notes", ())),
            link=_name_link(exception.get("link", "")),
            depth=min(depths[-1], 8),
            frames=frames[::-1],
            hidden=sum(not frame.in_app for frame in frames),
        )


def _make_frame(frame: Mapping[str, Any], sources: Mapping[tuple[str, int], tuple[SourceRow, ...]]) -> FrameView:
    path, line = frame["path"], frame["line"]
    around = next((rows for (end, number), rows in sources.items() if number == line and path.endswith(end)), ())
    alone = (SourceRow(number=line, code=frame["source"], is_current=True),) if frame.get("source") else ()
    return FrameView(
        path=path,
        line=line,
        function=frame["function"],
        in_app=not is_library_path(path),
        editor=make_editor_link(path, line),
        source=around or alone,
        locals=frame.get("locals", {}),
    )


def _iterate_lines(lines: list[str]) -> Iterator[SourceRow]:
    for line in lines:
        found = _LINE.match(line)
        if found and found["number"].isascii():
            number = int(found["number"][:9])
            yield SourceRow(number=number, code=found["code"] or "", is_current=found["mark"] == ">")


def _name_link(link: str) -> str:
    return {"": "", "__cause__": "raised from", "__context__": "while handling"}.get(link, link)
