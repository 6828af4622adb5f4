"""
Write the table of `otel_crumbs.capture.expected` into how-it-works.md.

    python docs/expected_table.py
"""

from __future__ import annotations

from marked_table import update_page

from otel_crumbs.capture.expected import TABLE, ExpectedRow

HEAD = "| no failure | exceptions |\n|---|---|\n"


def format_row(row: ExpectedRow) -> str:
    """Return a row of the page's table."""
    classes = ", ".join(f"`{name.removeprefix('builtins.')}`" for name in row.classes)
    return f"| {row.meaning} | {classes} |\n"


def write_table() -> str:
    """Return the table as it is now."""
    return HEAD + "".join(map(format_row, TABLE))


if __name__ == "__main__":
    update_page("how-it-works.md", "expected", write_table)
