"""The line that raised an exception: the application's own innermost one of its traceback."""

from __future__ import annotations

import re
from dataclasses import dataclass

FRAME = re.compile(
    r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)\n(?: {4}(?P<source>.*))?', re.MULTILINE
)
# Of what is installed, only the shop is the application; we are never it, wherever we run from.
FOREIGN = re.compile(
    r"(?!.*[/\\]django_shop[/\\])"
    r".*([/\\](otel_crumbs|site-packages|dist-packages)[/\\]|[/\\]lib[/\\]python\d|^<)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A line of code."""

    file: str
    line: int
    function: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def find_origin(stacktrace: str) -> Where | None:
    """Return the innermost line in code that nobody installed, else the innermost of all."""
    frames = list(FRAME.finditer(stacktrace))
    own = [frame for frame in frames if not FOREIGN.match(frame["file"])]
    if not frames:
        return None
    frame = (own or frames)[-1]
    return Where(
        file="/".join(re.split(r"[/\\]", frame["file"])[-2:]),
        line=int(frame["line"]),
        function=frame["function"],
        source=(frame["source"] or "").strip(),
    )
