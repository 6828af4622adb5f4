"""What a span tells, by its attributes, in old and new semantic conventions alike."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, Status, StatusCode

import otel_crumbs
from otel_crumbs import Breadcrumb
from otel_crumbs.testing import CapturedEvents
from tests.application import Application

TOOK = re.compile(r"\d+(\.\d+)? (ms|s)\b")


@pytest.fixture(autouse=True)
def _installed(events: CapturedEvents) -> None:
    """Have breadcrumbs in place."""


def reported(
    app: Application,
    attributes: dict[str, Any],
    *,
    name: str = "span",
    library: str = "requests",
    status: StatusCode = StatusCode.UNSET,
    error: BaseException | None = None,
    kind: SpanKind = SpanKind.CLIENT,
) -> Breadcrumb:
    """Return the one breadcrumb of a span as an instrumentation makes it."""
    tracer = app.tracer_provider.get_tracer(f"opentelemetry.instrumentation.{library}")
    span = tracer.start_span(name, kind=kind, attributes=attributes)
    if error is not None:
        span.record_exception(error)
    if status is not StatusCode.UNSET:
        span.set_status(Status(status, f"{type(error).__name__}: {error}" if error else None))
    span.end()
    [breadcrumb] = otel_crumbs.trail()
    return breadcrumb


def freeze_event(breadcrumb: Breadcrumb) -> str:
    """Return a message with a fixed duration."""
    return TOOK.sub("1 ms", breadcrumb.message)


URL = "https://api.example/x?q=1"
OLD = {"http.method": "GET", "http.url": URL}
NEW = {"http.request.method": "GET", "url.full": URL}


@pytest.mark.parametrize("scheme", ["http.scheme", "url.scheme"])
@pytest.mark.parametrize("kind", [SpanKind.INTERNAL, SpanKind.SERVER])
def test_the_same_request_in_another_framework(app: Application, scheme: str, kind: SpanKind) -> None:
    """Its server has made no call; a client of the same instrumentation has."""
    tracer = app.tracer_provider.get_tracer("opentelemetry.instrumentation.tornado")
    with app.tracer.start_as_current_span("request", kind=SpanKind.SERVER):
        tracer.start_span("GET /x", kind=kind, attributes={**OLD, scheme: "https"}).end()
        tracer.start_span("GET", kind=SpanKind.CLIENT, attributes=OLD).end()

        [breadcrumb] = otel_crumbs.trail()

    assert freeze_event(breadcrumb) == "GET https://api.example/x in 1 ms"


@pytest.mark.parametrize(
    ("attributes", "code"), [(OLD, "http.status_code"), (NEW, "http.response.status_code")], ids=["old", "new"]
)
@pytest.mark.parametrize(("status", "level"), [(200, "info"), (302, "info"), (404, "warning"), (503, "error")])
def test_an_http_call(app: Application, attributes: dict[str, Any], code: str, status: int, level: str) -> None:
    """Method, URL without its query, and answer make the message; the level fits the answer."""
    breadcrumb = reported(app, {**attributes, code: status})

    assert (breadcrumb.type, breadcrumb.category, breadcrumb.level) == ("http", "http", level)
    assert freeze_event(breadcrumb) == f"GET https://api.example/x -> {status} in 1 ms"
    assert {key: breadcrumb.data[key] for key in ("method", "url", "status_code", "library")} == {
        "method": "GET",
        "url": URL,
        "status_code": status,
        "library": "requests",
    }


@pytest.mark.parametrize("attributes", [OLD, NEW], ids=["old", "new"])
def test_an_http_call_that_reached_nobody(app: Application, attributes: dict[str, Any]) -> None:
    """The exception's name stands where the answer would, its words are data, and it is one breadcrumb."""
    error = ConnectionError("[Errno 111] Connection refused")

    breadcrumb = reported(app, attributes, status=StatusCode.ERROR, error=error)

    assert breadcrumb.level == "error"
    assert freeze_event(breadcrumb).startswith("GET https://api.example/x -> ConnectionError")
    assert breadcrumb.data["error"] == "ConnectionError: [Errno 111] Connection refused"


def test_the_user_in_a_url_goes(app: Application) -> None:
    """Name and password are taken out of the message and the data."""
    breadcrumb = reported(
        app, {"http.method": "GET", "http.url": "https://ada:hunter2@api.example/x", "http.status_code": 200}
    )

    assert "hunter2" not in str(breadcrumb)
    assert breadcrumb.data["url"] == "https://api.example/x"


@pytest.mark.parametrize("url", ["", "not a url", "http://[broken", "//", "https://a/ünï"])
def test_any_url_is_reported(app: Application, url: str) -> None:
    """What cannot be parsed is told as it is."""
    breadcrumb = reported(app, {"http.method": "GET", "http.url": url, "http.status_code": 200})

    assert breadcrumb.category == "http"
    assert "-> 200" in breadcrumb.message


@pytest.mark.parametrize(
    "attributes",
    [
        {"db.system": "postgresql", "db.statement": "SELECT *\n   FROM  orders", "db.name": "shop"},
        {"db.system.name": "postgresql", "db.query.text": "SELECT *\n   FROM  orders", "db.namespace": "shop"},
    ],
    ids=["old", "new"],
)
def test_a_query(app: Application, attributes: dict[str, Any]) -> None:
    """The statement on one line is the message."""
    breadcrumb = reported(app, attributes, library="psycopg")

    assert (breadcrumb.type, breadcrumb.category, breadcrumb.level) == ("query", "query", "info")
    assert breadcrumb.message == "SELECT * FROM orders"
    assert breadcrumb.data["db.system"] == "postgresql"
    assert breadcrumb.data["db.namespace"] == "shop"
    assert breadcrumb.data["duration_ms"] == breadcrumb.duration_ms


def test_a_query_that_failed(app: Application) -> None:
    """The exception's name ends the message, its words are data."""
    attributes = {"db.system": "sqlite", "db.statement": "SELECT 1"}

    breadcrumb = reported(
        app, attributes, library="sqlite3", status=StatusCode.ERROR, error=ValueError("no such table")
    )

    assert breadcrumb.level == "error"
    assert breadcrumb.message == "SELECT ? -> ValueError (no such table)"
    assert "no such table" in breadcrumb.data["error"]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            {"db.system": "mongodb", "db.name": "shop", "db.statement": "find", "db.mongodb.collection": "hats"},
            "shop.hats",
        ),
        ({"db.system.name": "mongodb", "db.namespace": "shop", "db.query.text": "find"}, "shop"),
    ],
    ids=["old", "new"],
)
def test_a_command_of_mongodb(app: Application, attributes: dict[str, Any], message: str) -> None:
    """It is told with what it is about."""
    assert reported(app, attributes, library="pymongo").message == f"find {message}"


def test_commands_of_a_client_of_mongodb(app: Application) -> None:
    """Those that it sends of itself are left out, a failed greeting is not."""
    tracer = app.tracer_provider.get_tracer("opentelemetry.instrumentation.pymongo")
    for statement, fails in [("ping", False), ("endSessions", True), ("saslStart", True)]:
        attributes = {"db.system": "mongodb", "db.name": "admin", "db.statement": statement}
        with tracer.start_as_current_span("admin", kind=SpanKind.CLIENT, attributes=attributes) as span:
            if fails:
                span.set_status(Status(StatusCode.ERROR, "Authentication failed."))

    assert [each.message for each in otel_crumbs.trail()] == ["saslStart admin -> failed (Authentication failed)"]


def test_a_key_value_store(app: Application) -> None:
    """Redis commands are of their own category."""
    breadcrumb = reported(app, {"db.system": "redis", "db.statement": "GET ?"}, library="redis")

    assert (breadcrumb.category, breadcrumb.message) == ("redis", "GET ?")


@pytest.mark.parametrize(
    "attributes",
    [
        {"messaging.system": "kafka", "messaging.destination": "orders"},
        {"messaging.system": "kafka", "messaging.destination.name": "orders"},
    ],
    ids=["old", "new"],
)
def test_a_message(app: Application, attributes: dict[str, Any]) -> None:
    """Where it went is in the data, the span's name says it."""
    breadcrumb = reported(app, attributes, name="orders send", library="kafka", kind=SpanKind.PRODUCER)

    assert (breadcrumb.category, breadcrumb.message) == ("messaging", "orders send")
    assert breadcrumb.data["destination"] == "orders"


def test_a_call_to_aws(app: Application) -> None:
    """Service, method and answer."""
    attributes = {"rpc.system": "aws-api", "rpc.service": "S3", "rpc.method": "GetObject", "http.status_code": 404}

    breadcrumb = reported(app, attributes, library="botocore", status=StatusCode.ERROR)

    assert (breadcrumb.category, breadcrumb.level) == ("aws", "warning")
    assert freeze_event(breadcrumb) == "S3.GetObject -> 404 in 1 ms"


@pytest.mark.parametrize("system", ["rpc.system", "rpc.system.name"])
def test_a_remote_procedure_call(app: Application, system: str) -> None:
    """The method's full name and how long it took."""
    attributes = {system: "grpc", "rpc.service": "shop.Orders", "rpc.method": "Ship", "rpc.grpc.status_code": 0}

    breadcrumb = reported(app, attributes, name="/shop.Orders/Ship", library="grpc")

    assert breadcrumb.category == "rpc"
    assert freeze_event(breadcrumb) == "shop.Orders/Ship in 1 ms"


def test_a_template(app: Application) -> None:
    """A rendered template is told by its name."""
    breadcrumb = reported(app, {"jinja2.template_name": "order.html"}, name="jinja2.render", library="jinja2")

    assert (breadcrumb.category, breadcrumb.message) == ("template", "render order.html")


def test_any_other_span(app: Application) -> None:
    """It is told by its name, with all its attributes."""
    breadcrumb = reported(app, {"order": 7, "items": ("a", "b")}, name="ship", kind=SpanKind.INTERNAL)

    assert (breadcrumb.category, breadcrumb.message, breadcrumb.level) == ("span", "ship", "info")
    assert breadcrumb.data["order"] == 7
    assert breadcrumb.data["items"] == ["a", "b"]


def test_the_parts_of_a_streamed_answer_are_noise(app: Application) -> None:
    """ASGI makes a span of each; none is told."""
    with app.tracer.start_as_current_span("send", attributes={"asgi.event.type": "http.response.body"}):
        pass

    assert otel_crumbs.trail() == ()


@pytest.mark.parametrize("name", ["GET", "SELECT", "redis", "orders send", "/shop.Orders/Ship"])
def test_the_display_name_decides_nothing(app: Application, name: str) -> None:
    """A span without attributes is a span, whatever it is called."""
    assert reported(app, {}, name=name).category == "span"


def test_a_span_carries_its_id_and_how_long_it_took(app: Application) -> None:
    """A reader finds it in the trace."""
    with app.tracer.start_as_current_span("step") as span:
        pass

    [breadcrumb] = otel_crumbs.trail()
    assert breadcrumb.span_id == f"{span.get_span_context().span_id:016x}"
    assert breadcrumb.duration_ms is not None
    assert breadcrumb.duration_ms >= 0
    assert breadcrumb.timestamp == span.start_time


def test_a_span_still_open_is_in_flight(app: Application) -> None:
    """What had not ended when the error was captured is told as such, with the events it has."""
    with app.tracer.start_as_current_span("call", attributes=OLD) as span:
        span.add_event("waiting", {"for": "answer"})

        call, waiting = otel_crumbs.trail()

    assert call.in_flight is True
    assert TOOK.sub("1 ms", call.message) == "GET https://api.example/x (in flight for 1 ms)"
    assert (waiting.category, waiting.data["for"], waiting.in_flight) == ("waiting", "answer", False)
    assert [crumb.in_flight for crumb in otel_crumbs.trail()] == [False, False]


def test_each_event_of_a_span_is_a_breadcrumb(app: Application) -> None:
    """It has the event's own time and words."""
    with app.tracer.start_as_current_span("step") as span:
        span.add_event("cart loaded", {"items": 3}, timestamp=span.start_time + 5)
        span.add_event("note", {"message": "almost done"}, timestamp=span.start_time + 10)

    _, loaded, note = otel_crumbs.trail()
    assert (loaded.category, loaded.message, loaded.data["items"]) == ("cart loaded", "cart loaded items=3", 3)
    assert note.message == "note: almost done"
    assert (loaded.timestamp, note.timestamp) == (span.start_time + 5, span.start_time + 10)


def test_an_exception_through_nested_spans_is_reported_once(app: Application) -> None:
    """The innermost tells, though each has recorded it."""
    with suppress(ValueError), app.tracer.start_as_current_span("outer"), app.tracer.start_as_current_span("inner"):
        raise ValueError("boom")

    exceptions = [crumb for crumb in otel_crumbs.trail() if crumb.category == "exception"]
    assert [(crumb.message, crumb.type, crumb.data["span"]) for crumb in exceptions] == [
        ("ValueError: boom", "error", "inner")
    ]


def test_attributes_set_later_are_reported(app: Application) -> None:
    """Instrumentations set the status code when the answer has come."""
    with app.tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=OLD) as span:
        span.set_attribute("http.status_code", 503)

    [breadcrumb] = otel_crumbs.trail()
    assert breadcrumb.data["status_code"] == 503


@pytest.mark.parametrize("value", ["a" * 100_000, "\ud800", 2**63 - 1, float("nan"), ("a",) * 500])
def test_strange_attributes_cost_nothing(app: Application, value: Any) -> None:
    """Whatever an attribute holds, the span is told in bounds."""
    breadcrumb = reported(app, {"db.system": "sqlite", "db.statement": value, "other": value})

    assert breadcrumb.category == "query"
    assert len(breadcrumb.message.encode()) < 10_000


@pytest.mark.parametrize("key", ["db.statement", "db.query.text"])
@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT QUOTE(?)", False),
        ("SELECT QUOTE(?), QUOTE(?), QUOTE(?)", False),
        ("SELECT QUOTE(name) FROM hat", True),
        ("SELECT QUOTE(?) FROM hat", True),
        ("PRAGMA busy_timeout = 5000", False),
        ("select pg_catalog.version()", False),
        ("SELECT version()", True),
        ("SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;", False),
        ("SELECT pg_advisory_unlock_all()", True),
        ("show transaction isolation level", False),
        ("SET NAMES utf8mb4", False),
        ("SELECT DATABASE()", False),
        ("SELECT @@tx_isolation", False),
        ("SELECT @@tx_isolation, price", True),
    ],
)
def test_housekeeping_is_left_out(app: Application, key: str, statement: str, *, shown: bool) -> None:
    """Statements that libraries send for themselves are no breadcrumbs while they succeed."""
    tracer = app.tracer_provider.get_tracer("opentelemetry.instrumentation.sqlite3")
    for status in (StatusCode.UNSET, StatusCode.ERROR):
        span = tracer.start_span("SELECT", kind=SpanKind.CLIENT, attributes={"db.system": "sqlite", key: statement})
        span.set_status(Status(status))
        span.end()

    messages = [breadcrumb.message for breadcrumb in otel_crumbs.trail()]

    words = " ".join(statement.split()).replace("5000", "?")
    assert messages == [words, f"{words} -> failed"][not shown :]


@pytest.mark.parametrize(
    ("attributes", "said", "message"),
    [
        (
            {"db.system": "sqlite", "db.statement": "select * from prediction"},
            "OperationalError: no such table: prediction",
            "select * from prediction -> OperationalError (no such table: prediction)",
        ),
        (
            {"db.system": "redis", "db.statement": "GET ?"},
            "OperationalError: Error 111 connecting to localhost:6379. Connect call failed ('127.0.0.1', 6379).",
            f"GET ? -> OperationalError ({os.strerror(111).lower()}) after 1 ms",
        ),
        (
            {"db.system": "postgresql", "db.name": "shop", "server.address": "db.example", "server.port": "5432"},
            'OperationalError: connection to server at "db.example", port 5432 failed: Connection refused\n\tIs it?',
            "connect db.example/shop -> OperationalError (connection refused)",
        ),
        (
            {"db.system": "mysql", "db.name": "shop", "net.peer.name": "db.example", "net.peer.port": 3307},
            "OperationalError: (1045, \"Access denied for user 'ada'@'h'\")",
            "connect db.example:3307/shop -> OperationalError ((1045) Access denied for user 'ada'@'h')",
        ),
        ({"db.system": "sqlite"}, "OperationalError: ", "connect -> OperationalError"),
        ({"db.system": "sqlite", "db.statement": "x"}, "OperationalError", "x -> OperationalError"),
        (
            {"db.system": "redis", "db.statement": "GET ?"},
            "OperationalError: Error 111 connecting to 127.0.0.1:6379. Connection refused.",
            "GET ? -> OperationalError (connection refused) after 1 ms",
        ),
    ],
)
def test_a_database_says_why(app: Application, attributes: dict[str, Any], said: str, message: str) -> None:
    """The line alone has the reason, without values, and a connect which server and database it was for."""
    error = type("OperationalError", (Exception,), {"__module__": "sqlite3"})(said.partition(": ")[2])

    breadcrumb = reported(app, attributes, name="connect", library="dbapi", status=StatusCode.ERROR, error=error)

    assert freeze_event(breadcrumb) == message


def test_a_long_statement_is_in_the_data(app: Application) -> None:
    """Its line has the first columns alone."""
    statement = f"SELECT {', '.join(f'column_{number}' for number in range(30))} FROM pages"  # noqa: S608 - nobody runs it

    breadcrumb = reported(app, {"db.system": "sqlite", "db.statement": statement}, library="sqlite3")

    assert breadcrumb.message == "SELECT column_0, column_1, column_2, … 27 more FROM pages"
    assert breadcrumb.data["statement"] == statement
