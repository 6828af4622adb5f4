"""
Write the table of `otel_crumbs.event.scrubbing` into event.md.

    python docs/scrubbing_table.py
"""

from __future__ import annotations

from marked_table import update_page

from otel_crumbs.event.scrubbing.names import Names
from otel_crumbs.event.scrubbing.personal import PERSONAL
from otel_crumbs.event.scrubbing.rule import Rule
from otel_crumbs.event.scrubbing.table import DATA, DATA_REASON, make_rules

DATA_SOURCE = "https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html#data-to-exclude"
HEAD = "| rule | takes out | kind | format | cost |\n|---|---|---|---|---|\n"


def format_row(rule: Rule) -> str:
    """Return a row of the page's table."""
    reason = rule.reason.replace("|", "&#124;")
    if rule in PERSONAL:
        reason += "; not unless it is asked for"
    return f"| `{rule.name}` | {reason} | {rule.kind} | [source]({rule.source}) | {rule.cost} |\n"


def write_table() -> str:
    """Return the table as it is now."""
    data = f"| `{DATA}` | {DATA_REASON} | secret | [source]({DATA_SOURCE}) | parse |\n"
    return HEAD + data + "".join(map(format_row, make_rules(Names())))


if __name__ == "__main__":
    update_page("event.md", "scrubbing", write_table)
