"""The part of a page that one of the scripts beside this file writes, between two marks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def update_page(name: str, mark: str, write_table: Callable[[], str]) -> None:
    """
    Write a table into a page; with ``--check`` among the arguments, exit with words where it is out of date.

    Args:
        name: The page's file in this folder.
        mark: Names the part, which stands between two comments.
        write_table: Returns the table.

    """
    page = Path(__file__).with_name(name)
    now = page.read_text(encoding="utf-8")
    start, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->\n"
    before, _, rest = now.partition(start)
    _, _, after = rest.partition(end)
    updated = f"{before}{start}\n{write_table()}\n{end}{after}"
    if "--check" not in sys.argv[1:]:
        page.write_text(updated, encoding="utf-8")
    elif updated != now:
        sys.exit(f"{name} is out of date; run: nox -s fix")
