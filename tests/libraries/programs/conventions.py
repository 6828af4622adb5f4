"""Calls one library of each kind that has old and new semantic conventions: URL NOBODY."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

import requests

from tests.libraries.describing import instrumented
from tests.libraries.programs.printing import report, set_up


def main() -> None:
    """Make the calls, well and failing."""
    _, url, nobody = sys.argv
    set_up()
    with instrumented(), closing(sqlite3.connect(":memory:")) as connection:
        report("call", lambda: requests.get(f"{url}/200?page=2", timeout=5))
        report("refused call", lambda: requests.get(f"{url}/503", timeout=5))
        report("failed call", lambda: requests.get(nobody, timeout=5))
        report("query", lambda: connection.cursor().execute("select 1"))
        report("failed query", lambda: connection.cursor().execute("select * from hats"))


if __name__ == "__main__":
    main()
