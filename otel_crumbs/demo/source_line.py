"""The line that raised an exception: the application's own innermost one of its traceback."""

from __future__ import annotations

import re
from dataclasses import dataclass

FRAME = re.compile(
    r'^ *File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)\n(?: {4}(?P<source>.*))?', re.MULTILINE
)
# Of installed packages only the shop is the application, and this package never is, also in a checkout.
FOREIGN = re.compile(
    r"(?!.*[/\\]django_shop[/\\])"
    r".*([/\\](otel_crumbs|site-packages|dist-packages)[/\\]|[/\\]lib[/\\]python\d|^<)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One line of the application's code."""

    file: str
    line: int
    function: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def find_source_line(stacktrace: str) -> SourceLine | None:
    """Return the innermost line that is of no installed package, else the innermost of all."""
    frames = list(FRAME.finditer(stacktrace))
    own = [frame for frame in frames if not FOREIGN.match(frame["file"])]
    if not frames:
        return None
    frame = (own or frames)[-1]
    return SourceLine(
        file="/".join(re.split(r"[/\\]", frame["file"])[-2:]),
        line=int(frame["line"]),
        function=frame["function"],
        source=(frame["source"] or "").strip(),
    )
