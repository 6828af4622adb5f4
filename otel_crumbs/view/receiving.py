"""
One request of a sender, from its body to the store.

It is OTLP in protobuf or JSON, our own JSON documents, or what clients of Sentry send.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .addresses import ENVELOPE, EVENTS, JSON, LINES, LOGS, METRICS, PATHS, PROTOBUF, SENTRY, TRACES
from .body import RefusedError, unpack
from .error_document import clean_document, make_document
from .otlp_json import parse_json
from .received_event import ReceivedEvent, read_logs
from .received_sentry import read_envelope, read_store
from .received_span import make_log_record, read_spans
from .record import Record
from .store import Store

_KINDS_OF_EVENTS, _KINDS_OF_OTLP = (JSON, LINES), (PROTOBUF, JSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The contents of one request: error events as documents, and rows of traces."""

    documents: tuple[dict[str, Any], ...] = ()
    records: tuple[Record, ...] = ()


def receive(store: Store, path: str, body: bytes, *, content_type: str, encoding: str = "") -> int:
    """
    Take one request, and return how many error events of it are new; what is returned from is stored.

    Args:
        store: The store.
        path: ``/v1/logs``, ``/v1/traces``, ``/v1/events`` for our own JSON documents, or one of Sentry's.
        body: As it was sent.
        content_type: The header of that name.
        encoding: The header ``Content-Encoding``.

    Raises:
        RefusedError: If it cannot be read.
        StoreError: If it cannot be stored.

    """
    received = read_body(path, unpack(body, encoding), content_type.partition(";")[0].strip().lower())
    return store.add(received.documents, received.records)


def read_body(path: str, content: bytes, kind: str) -> Received:
    """
    Return the contents of an unpacked body.

    Raises:
        RefusedError: If it cannot be read.

    """
    if sentry := SENTRY.fullmatch(path):
        return _read_sentry(content, **sentry.groupdict())
    known = _KINDS_OF_EVENTS if path == EVENTS else _KINDS_OF_OTLP
    if kind not in known:
        raise RefusedError(415, f"content type {kind[:60]!r} is not known; send {' or '.join(known)}")
    try:
        if path == EVENTS:
            return Received(documents=tuple(_read_documents(content, kind)))
        if path == LOGS:
            return read_log_records(read_logs(_parse(content, ExportLogsServiceRequest(), kind)))
        if path == TRACES:
            return Received(records=tuple(read_spans(_parse(content, ExportTraceServiceRequest(), kind))))
    except (DecodeError, ValueError, RecursionError, AttributeError, OverflowError) as error:
        what = "an event" if path == EVENTS else "OTLP"
        raise RefusedError(400, f"the body is not {what} in {kind}: {_shorten(error)}") from error
    if path == METRICS:
        return Received()
    raise RefusedError(404, f"nothing is received at {path[:60]!r}; send to {', '.join(PATHS)}")


def _read_sentry(content: bytes, project: str, kind: str) -> Received:
    read = read_envelope if kind == ENVELOPE else read_store
    try:
        return Received(documents=tuple(read(content, project)))
    except (ValueError, RecursionError, OverflowError) as error:
        raise RefusedError(400, f"the body is not what clients of Sentry send: {_shorten(error)}") from error


def _read_documents(content: bytes, kind: str) -> Iterator[dict[str, Any]]:
    for line in content.splitlines() if kind == LINES else [content]:
        if line.strip():
            yield clean_document(_require_mapping(json.loads(line)))


def read_log_records(events: Iterable[ReceivedEvent]) -> Received:
    """Return error events as documents, and the other log records that belong to a trace."""
    documents, records = [], []
    for event in events:
        if event.event_id:
            documents.append(make_document(event))
        elif event.trace_id:
            records.append(make_log_record(event))
    return Received(documents=tuple(documents), records=tuple(records))


def _parse(content: bytes, message: Any, kind: str) -> Any:
    if kind == JSON:
        return parse_json(content, message)
    parsed: Message = type(message).FromString(content)
    return parsed


def _require_mapping(plain: Any) -> dict[str, Any]:
    if not isinstance(plain, dict):
        raise ValueError("an event is a JSON object")  # noqa: TRY004 - the body has a wrong value, not the caller
    return plain


def _shorten(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
