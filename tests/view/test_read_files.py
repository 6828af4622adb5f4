"""Events are read from a Collector's file export, JSON lines, and spool folders."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict

from otel_crumbs.export.http.document import document_of, encode_json
from otel_crumbs.export.otlp.wire import request_of
from otel_crumbs.export.spool.codec import encode_event
from otel_crumbs.view.queries import list_errors
from otel_crumbs.view.read_files import read_into
from otel_crumbs.view.store import Store
from otel_crumbs.view.store_error import StoreError

from .events import error_event


def exported(event_id: str) -> str:
    """Return a line as the Collector's file exporter writes it."""
    plain = MessageToDict(request_of(error_event(event_id, trace_id=0)))
    for record in plain["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        record.pop("spanId", None)
    return json.dumps(plain)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_of_a_collector_and_of_ours_are_read(store: Store, tmp_path: Path, pack: type[bytes]) -> None:
    """In one file, packed or not; metrics and empty lines are passed over."""
    lines = [
        exported("a" * 32),
        '{"resourceMetrics": []}',
        "",
        encode_json(document_of(error_event("b" * 32))).decode(),
    ]
    file = tmp_path / "export.jsonl"
    file.write_bytes(pack("\n".join(lines).encode()))

    assert read_into(store, file) == 2
    assert read_into(store, file) == 0, "what is there already is not new"
    assert {row.event_id[0] for row in list_errors(store)} == {"a", "b"}


def test_a_spool_folder_is_read(store: Store, tmp_path: Path) -> None:
    """All services and exporters below it; the files stay, as they are not delivered."""
    for number, service in enumerate(("shop", "pay")):
        folder = tmp_path / service / "otlp"
        folder.mkdir(parents=True)
        (folder / f"{number}.event").write_bytes(encode_event(error_event(f"{number:032x}")))

    assert read_into(store, tmp_path) == 2
    assert len([*tmp_path.rglob("*.event")]) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"nonsense", "line 1: it is no JSON"),
        (b'{"resourceLogs": 7}', "line 1: the body is not OTLP"),
        (b"7", "no JSON"),
    ],
)
def test_a_file_of_something_else_is_named(store: Store, tmp_path: Path, content: bytes, words: str) -> None:
    """With the line."""
    file = tmp_path / "x.jsonl"
    file.write_bytes(content)

    with pytest.raises(StoreError, match=words):
        read_into(store, file)


def test_a_file_that_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(StoreError, match="name a file or a folder"):
        read_into(store, tmp_path / "nowhere")
