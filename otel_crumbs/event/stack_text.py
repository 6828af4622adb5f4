"""
The parsing of a traceback that is only there as text.

Celery and gRPC, among others, record what a task or a call raised as a span
event: its traceback is a string then, as Python prints it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from .captured_stack import MAX_FRAMES
from .exception_chain import MAX_EXCEPTIONS
from .model import ExceptionInfo, Frame
from .traceback_reader import keep_both_ends

# The sentences of the traceback module between an exception and what it was raised from.
_LINKS = {
    "The above exception was the direct cause of the following exception:": "__cause__",
    "During handling of the above exception, another exception occurred:": "__context__",
}
_BETWEEN = re.compile(rf"^[ |]*({'|'.join(map(re.escape, _LINKS))})[ ]*$", re.MULTILINE)
# An exception group draws its traceback with bars in front, and its members further in.
_BARS = re.compile(r"^(?:  )?(?:\| ?)+", re.MULTILINE)
_MEMBERS = re.compile(r"^(?: {4,}[|+].*| {2}\+-.*)\n?", re.MULTILINE)
_FRAME = re.compile(r'^\s+File "(?P<path>.*?)", line (?P<line>\d{1,9})(?:, in (?P<function>.*))?$')
_MARKERS = re.compile(r"^[\s^~]*$")
_LAST_LINE = re.compile(r"^(?P<type>[A-Za-z_][\w.<>]*)(?:: (?P<message>.*))?$")


def parse_stack(info: ExceptionInfo, stacktrace: str) -> tuple[ExceptionInfo, ...]:
    """
    Return an exception with the frames that its traceback names, and the exceptions that it was raised from.

    Args:
        info: The exception itself, without frames.
        stacktrace: Its traceback as text.

    """
    *causes, own = _split_blocks(stacktrace)
    infos = [replace(info, frames=own[0])]
    for number, (frames, last_line, link) in enumerate(reversed(causes[-MAX_EXCEPTIONS + 1 :])):
        kind, message = _parse_last_line(last_line)
        infos.append(ExceptionInfo(type=kind, message=message, frames=frames, parent=number, link=link))
    return tuple(infos)


def _split_blocks(stacktrace: str) -> list[tuple[tuple[Frame, ...], str, str]]:
    """Return for each traceback in the text its frames, its last line, and its link to the next."""
    parts = _BETWEEN.split(_MEMBERS.sub("", stacktrace))
    texts, sentences = parts[::2], [*parts[1::2], ""]
    return [
        (tuple(keep_both_ends(tuple(_parse_frames(text)), MAX_FRAMES)), _find_last_line(text), _LINKS.get(sentence, ""))
        for text, sentence in zip(texts, sentences, strict=True)
    ]


def _parse_frames(text: str) -> Iterator[Frame]:
    lines = _BARS.sub("", text).splitlines()
    for number, line in enumerate(lines):
        found = _FRAME.match(line)
        if found:
            following = lines[number + 1] if number + 1 < len(lines) else ""
            yield Frame(
                path=found["path"],
                line=int(found["line"]),
                function=found["function"] or "<module>",
                source=_read_source(following),
            )


def _read_source(line: str) -> str | None:
    is_source = line.startswith("    ") and not _FRAME.match(line) and not _MARKERS.match(line)
    return line.strip() if is_source else None


def _find_last_line(text: str) -> str:
    """Return the line that names the exception: the first behind the frames that is not indented."""
    behind = ""
    for line in _BARS.sub("", text).splitlines():
        if line.startswith("  "):
            behind = ""
        elif line.strip() and not behind:
            behind = line
    return behind


def _parse_last_line(line: str) -> tuple[str, str]:
    found = _LAST_LINE.match(line)
    return (found["type"], found["message"] or "") if found else ("Exception", line)
