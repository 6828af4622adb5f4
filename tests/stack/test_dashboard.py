"""Grafana's dashboard, asked in ClickHouse's own engine over rows as the Collector's exporter writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from chdb.session import Session
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs import ErrorEvent
from otel_crumbs.export.otlp.wire import request_of
from otel_crumbs.testing import capture_events
from otel_crumbs.view.received_event import ReceivedEvent, read_request

from .image import ROOT

HERE = Path(__file__).parent
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "errors.json").read_text("utf-8"))
SOURCES = (ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "clickhouse.yaml").read_text("utf-8")
QUERIES = {panel["title"]: panel["targets"][0]["rawSql"] for panel in DASHBOARD["panels"]}

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def events() -> list[ErrorEvent]:
    """Make three failures of two kinds, in a trace."""
    tracer = TracerProvider().get_tracer("shop")
    with capture_events() as captured, tracer.start_as_current_span("GET /cart"), otel_crumbs.operation("GET /cart"):
        otel_crumbs.record("before it", category="shop", data={"cart": [1, {"two": "drei"}]})
        for number in (1, 2):
            otel_crumbs.capture_exception(ValueError(f"no such order {number}"))
        otel_crumbs.record("GET https://api.example/x -> 503", category="http", data={"status_code": 503})
        otel_crumbs.record('it\'s "quoted" \\ and ✓', category="shop", level="warning")
        otel_crumbs.capture_exception(KeyError("price"))
        return list(captured)


@pytest.fixture(scope="module")
def ask(events: list[ErrorEvent], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Return a function that asks a query of the dashboard, over those events, of which one came twice."""
    session = Session(str(tmp_path_factory.mktemp("chdb")))
    session.query("CREATE DATABASE otel")
    for statement in (HERE / "otel_logs.sql").read_text("utf-8").split(";"):
        if statement.strip():
            session.query(statement)
    received = [each for event in [*events, events[-1]] for each in read_request(request_of(event).SerializeToString())]
    insert(session, "otel_logs", [make_row(event) for event in received])
    insert(session, "otel_traces", [make_span(received[0])])
    session.query("USE otel")

    def run(title: str, event: str = "", services: str = "'shop'") -> list[dict[str, Any]]:
        answer = session.query(fill_in(QUERIES.get(title, title), event, services), "JSONEachRow")
        return [json.loads(line) for line in str(answer).splitlines()]

    yield run
    session.close()


def insert(session: Session, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows."""
    lines = "\n".join(map(json.dumps, rows))
    session.query(f"INSERT INTO otel.{table} FORMAT JSONEachRow {lines}")


def make_row(event: ReceivedEvent) -> dict[str, Any]:
    """Return the row of a record, as the exporter makes it: every attribute is text, lists and maps as JSON."""
    return {
        "Timestamp": event.timestamp / 1e9,
        "TraceId": event.trace_id,
        "SpanId": event.span_id,
        "SeverityText": event.severity_text,
        "SeverityNumber": event.severity_number,
        "ServiceName": "shop",
        "Body": event.body,
        "LogAttributes": make_texts(event.attributes),
        "EventName": event.event_name,
    }


def make_texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return attributes as the Collector's `AsString` makes them."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()}


def make_span(event: ReceivedEvent) -> dict[str, Any]:
    """Return the span in which the events were captured."""
    times = {"Timestamp": event.timestamp / 1e9, "Duration": 5_000_000}
    names = {"ServiceName": "shop", "SpanName": "GET /cart", "SpanKind": "Server", "StatusCode": "Error"}
    return {"TraceId": event.trace_id, "SpanId": event.span_id, "ParentSpanId": "", **times, **names}


def fill_in(query: str, event: str, services: str) -> str:
    """Return a query as Grafana sends it: with the time, the interval and the variables filled in."""
    query = re.sub(r"\$__timeFilter\((\w+)\)", r"(\1 >= now() - 3600 AND \1 <= now() + 60)", query)
    query = re.sub(r"\$__timeInterval\((\w+)\)", r"toStartOfInterval(toDateTime(\1), INTERVAL 60 second)", query)
    query = query.replace("${service:sqlstring}", services).replace("${event:sqlstring}", f"'{event}'")
    assert "$" not in query
    return query


def test_errors_over_time_are_counted_once(ask: Ask) -> None:
    """An event that was delivered twice is one."""
    rows = ask("Errors over time")

    counts: dict[str, int] = {}
    for row in rows:
        counts[row["error"]] = counts.get(row["error"], 0) + int(row["errors"])
    assert counts == {"ValueError": 2, "KeyError": 1}


def test_failures_are_grouped_by_their_fingerprint(ask: Ask) -> None:
    """Each has its count, its newest message and the last breadcrumb before it."""
    found = {row["error"]: row for row in ask("Failures")}

    assert {error: int(row["count"]) for error, row in found.items()} == {"ValueError": 2, "KeyError": 1}
    assert found["ValueError"]["message"] == "no such order 2"
    assert found["KeyError"]["last breadcrumb"] == 'it\'s "quoted" \\ and ✓'
    assert found["KeyError"]["operation"] == "GET /cart"


def test_the_latest_error_is_the_first(ask: Ask, events: list[ErrorEvent]) -> None:
    """The table has each event once, with the id by which its trail is found."""
    rows = ask("Latest errors")

    assert [row["event"] for row in rows] == [event.event_id for event in reversed(events)]


def test_the_trail_of_an_event_is_a_table(ask: Ask, events: list[ErrorEvent]) -> None:
    """Zero is the error, which is the last row; data are as they were."""
    rows = ask("Its trail", event=events[0].event_id)

    assert [(row["level"], row["category"], row["message"]) for row in rows] == [
        ("info", "shop", "before it"),
        ("error", "exception", "ValueError: no such order 1"),
    ]
    assert json.loads(rows[0]["data"]) == {"cart": [1, {"two": "drei"}]}
    assert rows[0]["seconds"] < 0
    assert rows[1]["seconds"] == 0


def test_without_an_event_the_trail_is_that_of_the_latest(ask: Ask) -> None:
    """Who opens the dashboard sees one at once."""
    assert ask("Its trail")[-1]["message"] == "KeyError: 'price'"


def test_the_spans_of_its_trace_are_shown(ask: Ask, events: list[ErrorEvent]) -> None:
    """From an error one comes to its trace."""
    assert [row["span"] for row in ask("Spans of its trace", event=events[0].event_id)] == ["GET /cart"]


def test_the_stack_trace_is_shown(ask: Ask, events: list[ErrorEvent]) -> None:
    """It is the text of the event."""
    [row] = ask("Its stack trace", event=events[2].event_id)

    assert "KeyError: 'price'" in row["stack trace"]


def test_other_services_are_left_out(ask: Ask) -> None:
    """The variable at the top of the dashboard counts in each table."""
    assert ask("Latest errors", services="'till'") == []
    assert ask("Its trail", services="'till'") == []


def test_the_queries_of_the_page_find_what_they_promise(ask: Ask) -> None:
    """Who copies one from docs/clickhouse.md gets an answer."""
    page = (ROOT / "docs" / "clickhouse.md").read_text("utf-8")
    by_failure, trail, with_failed_calls = re.findall(r"```sql\n(.*?)```", page, flags=re.DOTALL)

    assert {row["error"]: int(row["events"]) for row in ask(by_failure)} == {"ValueError": 2, "KeyError": 1}
    assert 'it\'s "quoted" \\ and ✓' in [row["message"] for row in ask(trail)]
    assert [row["message"] for row in ask(with_failed_calls)] == ["'price'"]


def test_every_panel_asks_the_provisioned_data_source() -> None:
    """A panel of another one would be empty."""
    uids = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]}

    assert [f"uid: {uid}" in SOURCES for uid in uids] == [True]
