"""
Write the table of libraries into sources.md, by describing recorded spans as the package does.

    python docs/sources_table.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from marked_table import update_page

from otel_crumbs.sources.rules.facts import SpanFacts
from otel_crumbs.sources.rules.table import describe

RECORDED = Path(__file__).with_name("recorded_spans.json")
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
    ("asyncpg, connections", "failures to connect", "none needed", "query"),
    ("aiomysql", "statements, and failures to connect", "none needed", "query"),
    ("Django, ORM", "statements, where no instrumentation of the driver tells of them", "none needed", "query"),
    (
        "urllib3, requests, botocore, httpx",
        "attempts that were followed by another one",
        "none needed",
        "http, aws",
    ),
    ("tenacity, stamina", "attempts that were followed by another one", "none needed", "retry"),
    ("subprocess", "programs that were waited for, or did not start", "none needed", "subprocess"),
    ("`except`, `with`", "exceptions that were swallowed, if asked for", "none needed", "exception"),
    ("logging", "lines, printed or not", "none needed", "logger's name"),
    ("Django, Flask, FastAPI, Starlette, aiohttp, gRPC servers", "a request is the operation", "the framework's", ""),
    ("Celery workers, Kafka and SQS consumers", "a task or message is the operation", "the library's", ""),
    ("dramatiq, RQ, arq, huey, APScheduler", "a job is the operation", "none needed", ""),
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


def write_table() -> str:
    """Return the table as it is now."""
    rows = [row(each) for each in json.loads(RECORDED.read_text(encoding="utf-8"))]
    rows += [
        f"| {library} | {captured} | {how} | {category} | |\n" for library, captured, how, category in WITHOUT_SPANS
    ]
    return HEAD + "".join(rows)


if __name__ == "__main__":
    update_page("sources.md", "libraries", write_table)
