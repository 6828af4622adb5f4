"""
Write the table of libraries into sources.md, by describing recorded spans as the package does.

    python docs/sources_table.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from otel_crumbs.sources.rules.facts import SpanFacts
from otel_crumbs.sources.rules.table import describe

PAGE = Path(__file__).with_name("sources.md")
RECORDED = Path(__file__).with_name("recorded_spans.json")
START, END = "<!-- libraries -->\n", "<!-- end of libraries -->\n"
HEAD = "| library | what is captured | instrumentation | category | example |\n|---|---|---|---|---|\n"

# What makes no span of its own that is a breadcrumb, or none at all.
WITHOUT_SPANS = (
    ("http.client", "requests, where no instrumented client is above it", "none needed", "http"),
    (
        "PyMySQL",
        "statements, and failures to connect by a source of our own",
        "`opentelemetry-instrumentation-pymysql`",
        "query",
    ),
    ("psycopg, connections", "failures to connect, `BEGIN`, `COMMIT`, `ROLLBACK`, savepoints", "none needed", "query"),
    ("Django, ORM", "statements, where no instrumentation of the driver tells of them", "none needed", "query"),
    ("subprocess", "programs that were waited for, or did not start", "none needed", "subprocess"),
    ("logging", "lines, printed or not", "none needed", "logger's name"),
    ("Django, Flask, FastAPI, Starlette, aiohttp, gRPC servers", "a request is the operation", "the framework's", ""),
    ("Celery workers, Kafka and SQS consumers", "a task or message is the operation", "the library's", ""),
)


def facts_of(span: dict[str, Any]) -> SpanFacts:
    """Return what the rules read of a recorded span."""
    return SpanFacts(
        name=span["name"],
        scope=span["scope"],
        attributes=span["attributes"],
        failed=span.get("failed", False),
        error=span.get("error"),
        took=span["took"],
        said=span.get("said"),
        redirects=tuple(span.get("redirects", ())),
    )


def row(recorded: dict[str, Any]) -> str:
    """Return what the page says of a library."""
    description = describe(facts_of(recorded["span"]))
    assert description is not None, recorded  # noqa: S101 - noise would be no example
    package = recorded["instrumentation"]
    named = f"`opentelemetry-instrumentation-{package}`" if package else "none needed"
    message = description.message.replace("|", "\\|")
    return f"| {recorded['library']} | {recorded['captured']} | {named} | {description.category} | `{message}` |\n"


def written(page: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    rows = [row(each) for each in json.loads(RECORDED.read_text(encoding="utf-8"))]
    rows += [
        f"| {library} | {captured} | {how} | {category} | |\n" for library, captured, how, category in WITHOUT_SPANS
    ]
    return f"{before}{START}\n{HEAD}{''.join(rows)}\n{END}{after}"


if __name__ == "__main__":
    now = PAGE.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(0 if written(now) == now else f"{PAGE.name} is out of date: run python docs/{Path(__file__).name}")
    PAGE.write_text(written(now), encoding="utf-8")
