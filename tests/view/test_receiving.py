"""The viewer takes what senders of OTLP send, and refuses the rest with a status and a line."""

from __future__ import annotations

import gzip
import json
import random
import zlib

import pytest
from google.protobuf.json_format import MessageToDict

from otel_crumbs.export.http.document import document_of, encode_json, encode_line
from otel_crumbs.export.otlp.wire import request_of
from otel_crumbs.view.addresses import JSON, LINES, PROTOBUF
from otel_crumbs.view.body import RefusedError, unpack
from otel_crumbs.view.queries import get_error, list_errors
from otel_crumbs.view.receiving import receive
from otel_crumbs.view.store import Store
from otel_crumbs.view.trail import read_trail

from .events import TRACE, body_of, error_event, spans_of


def otlp_json() -> bytes:
    """Return an event in OTLP's JSON: protobuf's, with ids in hexadecimal."""
    plain = MessageToDict(request_of(error_event()))
    [record] = plain["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    record |= {"traceId": f"{TRACE:032x}", "spanId": "b7ad6b7169203331"}
    return json.dumps(plain).encode()


def test_protobuf_and_json_and_our_document_are_one_event(store: Store) -> None:
    """Whatever way an event takes, its page is the same."""
    found = []
    for path, kind, body in [
        ("/v1/logs", PROTOBUF, body_of(error_event())),
        ("/v1/logs", PROTOBUF, body_of(error_event(), as_json=True)),
        ("/v1/logs", JSON, otlp_json()),
        ("/v1/events", JSON, encode_json(document_of(error_event()))),
        ("/v1/events", LINES, encode_line(error_event())),
    ]:
        receive(store, path, body, content_type=kind)
        [row] = list_errors(store)
        error = get_error(store, row.event_id)
        assert error is not None
        found.append((row.trace_id, row.title, row.service, error.document["breadcrumbs"]))
        store.clear()

    assert found[0][0] == f"{TRACE:032x}"
    assert all(each == found[0] for each in found)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_packed_bodies_are_unpacked(store: Store, encoding: str, pack: type[bytes]) -> None:
    """OTEL_EXPORTER_OTLP_COMPRESSION=gzip is common."""
    added = receive(store, "/v1/logs", pack(body_of(error_event())), content_type=PROTOBUF, encoding=encoding)

    assert added == 1


def test_what_clients_of_sentry_pack_is_unpacked() -> None:
    """They use Brotli where it is installed; it has no more room than the others."""
    brotli = pytest.importorskip("brotli")
    body = random.Random(1).randbytes(2**20)  # noqa: S311 - bytes that do not shrink
    packed = brotli.compress(body, quality=1)
    bomb = brotli.compress(bytes(2**20 + 1))

    statuses = []
    for broken in (bomb, packed[:1000], b"", b"not packed"):
        with pytest.raises(RefusedError) as refused:
            unpack(broken, "br", 2**20)
        statuses.append(refused.value.status)

    assert unpack(packed, "br", 2**20) == body
    assert unpack(brotli.compress(bytes(5 * 2**20)), "br") == bytes(5 * 2**20)
    assert statuses == [413, 400, 400, 400]


def test_an_event_that_is_sent_twice_is_one(store: Store) -> None:
    """An exporter that missed the answer sends again."""
    assert receive(store, "/v1/logs", body_of(error_event()), content_type=PROTOBUF) == 1
    assert receive(store, "/v1/logs", body_of(error_event()), content_type=PROTOBUF) == 0

    assert len(list_errors(store)) == 1


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(bytes(2**20 + 1), mtime=0), "gzip", 413),
        (gzip.compress(b"x" * 1000, mtime=0)[:-10], "gzip", 400),
        (b"not packed", "gzip", 400),
        (b"", "zstd", 415),
    ],
    ids=["bomb", "cut off", "not packed", "unknown"],
)
def test_bombs_and_broken_packing_are_refused(body: bytes, encoding: str, status: int) -> None:
    """No more than the limit is ever unpacked."""
    with pytest.raises(RefusedError) as refused:
        unpack(body, encoding, 2**20)

    assert refused.value.status == status


@pytest.mark.parametrize(
    ("path", "kind", "body", "status"),
    [
        ("/v1/logs", PROTOBUF, b"\xff\xff garbage", 400),
        ("/v1/logs", JSON, b"{", 400),
        ("/v1/logs", JSON, b"[]", 400),
        ("/v1/logs", JSON, b'{"resourceLogs": 7}', 400),
        ("/v1/logs", JSON, b"[" * 100_000, 400),
        ("/v1/logs", JSON, b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"zz"}]}]}]}', 400),
        ("/v1/logs", JSON, b'{"resourceLogs":[{"schemaUrl":"\\ud800"}]}', 400),
        ("/v1/traces", PROTOBUF, b"\x0a\xff", 400),
        ("/v1/events", JSON, b"[]", 400),
        ("/v1/events", JSON, b"{}", 400),
        ("/v1/events", PROTOBUF, b"", 415),
        ("/v1/events", LINES, b"{", 400),
        ("/v1/logs", LINES, b"{}", 415),
        ("/v1/logs", "text/plain", b"", 415),
        ("/elsewhere", PROTOBUF, b"", 404),
    ],
)
def test_garbage_is_refused_in_one_line(store: Store, path: str, kind: str, body: bytes, status: int) -> None:
    """The sender learns what is wrong, and nothing is stored."""
    with pytest.raises(RefusedError) as refused:
        receive(store, path, body, content_type=kind)

    assert refused.value.status == status
    assert "\n" not in refused.value.reason
    assert list_errors(store) == []


def test_a_document_of_wrong_types_becomes_one_of_the_schema(store: Store) -> None:
    """Anybody can send anything."""
    hostile = {
        "event_id": "../../etc/passwd",
        "breadcrumbs": [7, {"level": 1, "timestamp": "now", "data": [], "duration_ms": -1, "repeated": "many"}],
        "exceptions": [{"frames": [{"line": -4}], "parent": "x"}],
        "trace": {"trace_id": "<script>"},
        "timestamp": "2026-99-99T99:99:99.000000Z",
        "dropped_by_category": 7,
        "title": "\ud800",
    }

    receive(store, "/v1/events", json.dumps(hostile).encode(), content_type=JSON)

    [row] = list_errors(store)
    error = get_error(store, row.event_id)
    assert error is not None
    assert row.event_id.isalnum()
    assert error.document["breadcrumbs"][0]["level"] == "info"
    assert "trace" not in error.document


def test_spans_of_other_services_are_in_the_trail(store: Store) -> None:
    """The trail goes on where the request went."""
    receive(store, "/v1/traces", spans_of("payments", "GET /charges"), content_type=PROTOBUF)
    receive(store, "/v1/traces", spans_of("payments", "GET /charges"), content_type=PROTOBUF)
    receive(store, "/v1/traces", spans_of("coffee-corner", "own"), content_type=PROTOBUF)
    receive(store, "/v1/logs", body_of(error_event()), content_type=PROTOBUF)

    trail = read_trail(store, "e" * 32)

    assert trail is not None
    others = [(row.service, row.category, row.message) for row in trail.rows if row.kind == "span"]
    assert others == [("payments", "http", "GET /charges")]


def test_metrics_are_taken_and_dropped(store: Store) -> None:
    """A sender that sends all signals to one place gets no error."""
    assert receive(store, "/v1/metrics", b"anything", content_type=PROTOBUF) == 0


def test_each_line_of_json_lines_is_an_event(store: Store) -> None:
    """As `OTEL_CRUMBS_HTTP_FORMAT=jsonl` sends them."""
    events = [error_event(event_id=f"{number:032x}") for number in range(3)]

    added = receive(store, "/v1/events", b"".join(map(encode_line, events)), content_type=LINES)

    assert added == 3
