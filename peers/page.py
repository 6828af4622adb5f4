"""The page of the results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .known import Known
from .report import SuiteResult, list_differences, table_of

PAGE = Path(__file__).parents[1] / "docs" / "peers.md"
START, END = "<!-- peers -->\n", "<!-- end of peers -->"


def write_page(results: Sequence[SuiteResult], known: Sequence[Known]) -> None:
    """Put the table and the differences between the markers of the page."""
    if not results:
        raise SystemExit("no suite was run as a whole yet: run `nox -s peers` first")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    differences = "\n".join(f"- {line}" for line in list_differences(results, known)) or "No difference."
    PAGE.write_text(f"{before}{START}\n{table_of(results)}\n\n{differences}\n\n{END}{after}", encoding="utf-8")
