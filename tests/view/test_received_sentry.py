"""Errors by Sentry's protocol: those of a real sentry-sdk, and those of our own exporter."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest

if find_spec("sentry_sdk") is None:
    # To import it would import all that it knows, into the process of other tests.
    pytest.skip("sentry-sdk is not installed", allow_module_level=True)

from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs import ErrorEvent
from otel_crumbs.export.exporter import Verdict
from otel_crumbs.export.otlp.wire import request_of
from otel_crumbs.export.sentry.dsn import read_dsn
from otel_crumbs.export.sentry.exporter import SentryExporter
from otel_crumbs.view.body import RefusedError
from otel_crumbs.view.error_document import make_document
from otel_crumbs.view.queries import StoredError, errors_of_trace, get_error, list_errors
from otel_crumbs.view.received_event import read_logs
from otel_crumbs.view.received_sentry import make_sentry_document, read_moment
from otel_crumbs.view.receiving import receive
from otel_crumbs.view.store import Store
from tests.export.events import event_of

from .events import TRACE, error_event, put
from .running import Viewer, viewing
from .test_error_document import PLAIN, SCHEMA

ENVELOPE = "/api/7/envelope/"
SECRET = "secret"  # noqa: S105 - of a viewer that the test starts
PROGRAM = """
import http.client, logging, sys
import sentry_sdk

dsn, port = sys.argv[1:]
sentry_sdk.init(
    dsn, release="shop@1.4", environment="live", server_name="web-1", traces_sample_rate=1.0, max_breadcrumbs=6,
    auto_enabling_integrations=False,
)
sentry_sdk.set_tag("tenant", "acme")
sentry_sdk.set_user({"id": 7, "username": "ada", "email": "ada@shop.example"})
sentry_sdk.set_context("order", {"number": 42})

class OutOfStock(Exception):
    pass

def ship():
    try:
        {}["lamp"]
    except KeyError as error:
        raise OutOfStock("no lamps left") from error

trace = sentry_sdk.continue_trace({"sentry-trace": "TRACE-00f067aa0ba902b7-1"}, op="task", name="ship order")
with sentry_sdk.start_transaction(trace):
    for number in range(5):
        sentry_sdk.add_breadcrumb(message=f"shelf {number}", category="stock", data={"left": number}, level="warning")
    connection = http.client.HTTPConnection("127.0.0.1", int(port))
    connection.request("GET", "/health")
    connection.getresponse().read()
    logging.getLogger("shop").warning("only %s left", 0)
    try:
        ship()
    except OutOfStock:
        sentry_sdk.capture_exception()
sentry_sdk.capture_message("hello")
try:
    ship()
except OutOfStock:
    logging.getLogger("shop").exception("not shipped")
assert sentry_sdk.flush(30) is None
raise SystemError("dies")
"""


def run_program(folder: Path, viewer: Viewer, key: str = "any") -> subprocess.CompletedProcess[str]:
    """Run the program with real sentry-sdk, which sends to the viewer."""
    file = folder / "shipping.py"
    file.write_text(PROGRAM.replace("TRACE", f"{TRACE:032x}"))
    dsn = f"http://{key}@127.0.0.1:{viewer.address.port}/7"
    command = [sys.executable, str(file), dsn, str(viewer.address.port)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """Give a viewer to which real sentry-sdk has sent."""
    with Store() as store, viewing(store) as viewer:
        done = run_program(tmp_path_factory.mktemp("program"), viewer)
        assert done.stderr.endswith("SystemError: dies\n"), done.stderr
        put(store, error_event())
        yield viewer


def find(store: Store, title: str) -> dict[str, Any]:
    """Return the document of the only event with a title."""
    [row] = [row for row in list_errors(store) if row.title == title]
    error = get_error(store, row.event_id)
    assert error is not None
    return dict(error.document)


def find_shipping(store: Store) -> StoredError:
    """Return the event that was captured by hand."""
    [row] = [row for row in errors_of_trace(store, f"{TRACE:032x}") if row.mechanism == "generic"]
    error = get_error(store, row.event_id)
    assert error is not None
    return error


def by_sentry(event: ErrorEvent) -> dict[str, Any]:
    """Return the document of an event that our own exporter sent to a viewer."""
    with Store() as store, viewing(store) as viewer:
        exporter = SentryExporter(read_dsn(f"http://any@127.0.0.1:{viewer.address.port}/7"))
        outcome = exporter.export(event, 30)
        exporter.shutdown()
        assert outcome.verdict is Verdict.DELIVERED, outcome
        error = get_error(store, event.event_id)
        assert error is not None
        return dict(error.document)


def by_otlp(event: ErrorEvent) -> dict[str, Any]:
    """Return the document of the same event by OTLP."""
    [received] = read_logs(request_of(event))
    return make_document(received)


def test_events_of_sentry_sdk_are_errors_and_nothing_else_is(sent: Viewer) -> None:
    """Transactions, sessions and reports of clients are taken and left out."""
    titles = [row.title for row in list_errors(sent.store)]

    lost = "OutOfStock: no lamps left"
    by_otlp = "TypeError: 'NoneType' object is not subscriptable"
    assert sorted(titles) == [lost, lost, "SystemError: dies", by_otlp, "hello"]
    assert sent.ask(f"/groups/{find_shipping(sent.store).row.group}").status == 200


def test_an_event_of_sentry_sdk_has_its_exceptions_and_its_trail(sent: Viewer) -> None:
    """With frames, source around them, breadcrumbs as they were and a number of those that had no room."""
    document = find_shipping(sent.store).document
    page = sent.ask(f"/errors/{document['event_id']}").text

    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    first, cause = document["exceptions"]
    assert (first["type"], cause["type"], cause["parent"]) == ("__main__.OutOfStock", "KeyError", 0)
    assert first["frames"][-1]["source"].strip() == 'raise OutOfStock("no lamps left") from error'
    assert first["frames"][-1]["path"].endswith("/shipping.py")
    assert [(each["category"], each["message"], each["level"]) for each in document["breadcrumbs"]] == [
        *(("stock", f"shelf {number}", "warning") for number in range(1, 5)),
        ("httplib", f"GET http://127.0.0.1:{sent.address.port}/health -> 200", "info"),
        ("shop", "only 0 left", "warning"),
    ]
    assert document["breadcrumbs"][0]["data"] == {"left": 1}
    assert document["dropped"] == 1
    assert "except KeyError as error:" in page
    assert "only 0 left" in page


def test_the_facts_around_it_have_their_usual_names(sent: Viewer) -> None:
    """Tags, user, contexts, release, environment and server."""
    error = find_shipping(sent.store)
    row, attributes, resource = error.row, error.document["attributes"], error.document["resource"]

    assert {"tenant": "acme", "user.id": 7, "user.name": "ada", "order.number": 42}.items() <= attributes.items()
    assert resource["service.name"] == row.service == "project 7"
    assert (resource["service.version"], resource["deployment.environment.name"]) == ("shop@1.4", "live")
    assert resource["host.name"] == "web-1"
    assert resource["telemetry.sdk.name"].startswith("sentry.python")
    assert (row.operation, row.mechanism, error.document["handled"]) == ("ship order", "generic", True)


def test_a_message_is_no_exception_and_keeps_its_level(sent: Viewer) -> None:
    """The viewer has errors and fatal ones, and tells that it was another."""
    document = find(sent.store, "hello")

    assert (document["level"], document["attributes"]["level"]) == ("error", "info")
    assert (document["mechanism"], document["exceptions"][0]["frames"]) == ("message", [])


def test_what_a_process_died_of_is_unhandled(sent: Viewer) -> None:
    """As the hook of sentry-sdk says."""
    document = find(sent.store, "SystemError: dies")

    assert (document["handled"], document["mechanism"]) == (False, "excepthook")


def test_errors_of_one_trace_share_the_axis(sent: Viewer) -> None:
    """One of them came by OTLP, and the other from sentry-sdk."""
    page = sent.ask(f"/traces/{TRACE:032x}").text

    assert "no lamps left" in page
    assert "object is not subscriptable" in page


@pytest.mark.parametrize("fields", [{}, {"fatal": True, "held_back": 4, "thread": "worker-3"}], ids=["plain", "more"])
def test_our_own_events_are_the_same_by_both_protocols(fields: dict[str, Any]) -> None:
    """But for what Sentry's has no place for: the fingerprint, the traceback as text, and what was dropped of each."""
    event = event_of(attributes={"http.request.method": "GET", "url.path": "/x"}, **fields)

    one, other = by_otlp(event), by_sentry(event)

    different = {"fingerprint", "stacktrace", "dropped_by_category", "source", "exceptions", "sender"}
    assert {name: one.get(name) for name in one.keys() - different} == {
        name: other.get(name) for name in other.keys() - different
    }
    for name in ("type", "message", "parent", "link"):
        assert [each.get(name) for each in one["exceptions"]] == [each.get(name) for each in other["exceptions"]]
    frames = [[frame for each in document["exceptions"] for frame in each["frames"]] for document in (one, other)]
    places = [[(frame["path"], frame["line"], frame["function"]) for frame in each] for each in frames]
    assert places[0] == places[1]
    assert one["source"] in other["source"]
    assert one["source"]


def test_an_event_by_both_protocols_is_one(store: Store) -> None:
    """As `OTEL_CRUMBS_EXPORTER=otlp,sentry` sends it."""
    event = event_of()
    with viewing(store) as viewer:
        viewer.send(event)
        exporter = SentryExporter(read_dsn(f"http://any@127.0.0.1:{viewer.address.port}/7"))
        exporter.export(event, 30)
        exporter.shutdown()

    assert len(list_errors(store)) == 1


def test_elsewhere_the_key_of_the_dsn_is_the_token(store: Store, tmp_path: Path) -> None:
    """Nobody else gets in, and a key opens nothing but these addresses."""
    body = b'{}\n{"type":"event"}\n{"event_id":"a"}\n'
    with viewing(store, token=SECRET) as viewer:
        run_program(tmp_path, viewer, key="wrong")
        assert list_errors(store) == []
        wrong = viewer.ask(ENVELOPE, "POST", body, X_Sentry_Auth="Sentry sentry_key=wrong, sentry_version=7")
        page = viewer.ask("/", X_Sentry_Auth="Sentry sentry_key=secret")
        asked = viewer.ask(f"{ENVELOPE}?sentry_key=secret&sentry_version=7", "POST", body)
        run_program(tmp_path, viewer, key="secret")

    assert (wrong.status, page.status, asked.status) == (401, 401, 200)
    assert (asked.text, asked.headers["content-type"]) == ("{}", "application/json")
    assert len(list_errors(store)) == 5


def test_a_page_of_another_site_cannot_send(store: Store) -> None:
    """As with the other receivers."""
    with viewing(store) as viewer:
        answer = viewer.ask(ENVELOPE, "POST", b"{}", Origin="https://evil.example")

    assert answer.status == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{",
        b'{}\n{"type":"event","length":99}\n{}',
        b'{}\n{"type":"event","length":-1}\n{}',
        b'{}\n{"type":"event","length":true}\n{}',
        b'{}\n{"type":"event"}\n7',
        b'{}\n{"type":"event"}\n{"title":"no id"}',
        b'{}\n{"type":"event"}\n' + b"[" * 100_000,
        b'{}\n{"type":"attachment","length":3}\nabcgarbage',
    ],
)
def test_garbage_is_refused_in_one_line(store: Store, body: bytes) -> None:
    """The sender learns what is wrong, and nothing is stored."""
    with pytest.raises(RefusedError) as refused:
        receive(store, ENVELOPE, body, content_type="")

    assert refused.value.status == 400
    assert "\n" not in refused.value.reason
    assert list_errors(store) == []


def test_items_that_are_no_events_are_passed_over(store: Store) -> None:
    """Whatever they are, with a length or without; an event may have its id in the header alone."""
    header = b'{"event_id":"fc6d8c0c-43fc-4630-ad85-0ee518f1b9d0","dsn":"x"}\n'
    items = b'{"type":"attachment","length":5}\na\nb\nc\n{"type":"client_report"}\n{"x":1}\n\n{"type":"event"}\n{}\n'

    added = receive(store, ENVELOPE, header + items, content_type="text/plain")

    assert added == 1
    assert list_errors(store)[0].event_id == "fc6d8c0c43fc4630ad850ee518f1b9d0"


def test_older_clients_send_single_events(store: Store) -> None:
    """To another address, with numbers as levels, a list of tags, and breadcrumbs that are not wrapped."""
    event = {
        "event_id": "f" * 32,
        "timestamp": "2026-05-28T20:26:40",
        "level": 50,
        "message": "disk full",
        "logger": "shop.disk",
        "tags": [["tenant", "acme"]],
        "breadcrumbs": [{"timestamp": 1780000000.25, "category": "a", "message": "b", "level": "critical"}],
    }

    receive(store, "/api/7/store/", json.dumps(event).encode(), content_type="application/json")

    [row] = list_errors(store)
    document = find(store, "disk full")
    assert (row.timestamp, row.level, row.mechanism) == (1_780_000_000 * 10**9, "fatal", "logging")
    assert document["attributes"]["tenant"] == "acme"
    assert "level" not in document["attributes"]
    assert document["breadcrumbs"][0]["level"] == "fatal"
    assert document["breadcrumbs"][0]["timestamp"] == "2026-05-28T20:26:40.250000Z"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1780000000.5, 1_780_000_000_500_000_000),
        ("2026-05-28T20:26:40.5Z", 1_780_000_000_500_000_000),
        ("2026-05-28T22:26:40.123456789+02:00", 1_780_000_000_123_456_000),
        ("2026-05-28 20:26:40", 1_780_000_000_000_000_000),
        ("yesterday", None),
        (float("nan"), None),
        (-5, 0),
        (1e300, 2**63 // 10**9 * 10**9),
        (10**400, 2**63 // 10**9 * 10**9),
        (2**63 / 10**9, 2**63 // 10**9 * 10**9),
        (None, None),
    ],
)
def test_moments_of_all_forms_are_read(value: Any, expected: int | None) -> None:
    """Seconds or text; what is too far is the nearest that can be stored."""
    assert read_moment(value) == expected


SOME = st.one_of(PLAIN, st.fixed_dictionaries({"values": st.lists(PLAIN, max_size=3)}))
EVENTS = st.fixed_dictionaries(
    {"event_id": st.text(min_size=1)},
    optional=dict.fromkeys(
        (
            *("timestamp", "level", "exception", "breadcrumbs", "contexts", "tags", "user", "request", "extra", "sdk"),
            *("logentry", "message", "fingerprint", "transaction", "release", "_meta", "logger"),
        ),
        SOME,
    ),
)


@given(EVENTS, st.dictionaries(st.sampled_from(["type", "value", "module", "mechanism", "stacktrace"]), PLAIN))
def test_every_event_becomes_one_of_the_schema(event: dict[str, Any], value: dict[str, Any]) -> None:
    """Anybody can send anything."""
    frames = [{"lineno": 3, "context_line": "x", "pre_context": [7], "post_context": 3}, value]
    exception = {"values": [value, {**value, "stacktrace": {"frames": frames}}]}
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    for each in (event, {**event, "exception": exception}):
        try:
            document = make_sentry_document(each, "7")
        except ValueError as error:
            assert "event_id" in str(error)  # noqa: PT017 - an id of hyphens alone is none
            continue
        jsonschema.validate(document, schema)
