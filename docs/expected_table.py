"""
Write the table of `otel_crumbs.capture.expected` into how-it-works.md.

    python docs/expected_table.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from otel_crumbs.capture.expected import TABLE, ExpectedRow

PAGE = Path(__file__).with_name("how-it-works.md")
START, END = "<!-- expected -->\n", "<!-- end of expected -->\n"
HEAD = "| no failure | exceptions |\n|---|---|\n"


def format_row(row: ExpectedRow) -> str:
    """Return a row of the page's table."""
    classes = ", ".join(f"`{name.removeprefix('builtins.')}`" for name in row.classes)
    return f"| {row.meaning} | {classes} |\n"


def update_page(page: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{HEAD}{''.join(map(format_row, TABLE))}\n{END}{after}"


if __name__ == "__main__":
    now = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv[1:]:
        sys.exit(update_page(now) != now and f"{PAGE.name} is out of date; run: nox -s fix")
    PAGE.write_text(update_page(now), encoding="utf-8")
