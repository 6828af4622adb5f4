"""The checks of documents, by the published schema, and of envelopes, by what Sentry takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = Path(__file__).parents[2] / "docs" / "event.schema.json"

# https://develop.sentry.dev/sdk/data-model/event-payloads/ has more; Sentry's own schema refuses any other key,
# and is what the tests against Bugsink check with.
_TOP = {
    "_meta",
    "breadcrumbs",
    "contexts",
    "environment",
    "event_id",
    "exception",
    "extra",
    "fingerprint",
    "level",
    "platform",
    "release",
    "sdk",
    "server_name",
    "tags",
    "timestamp",
    "transaction",
    "user",
}
_USER = {"id", "username", "name", "email"}
_FIELDS_OF_A_BREADCRUMB = {"timestamp", "type", "category", "level", "message", "data"}
_LEVELS = {"debug", "info", "warning", "error", "fatal"}


@cache
def validator() -> Draft202012Validator:
    """Return the validator of the published schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def assert_valid_document(body: bytes) -> None:
    """Fail if a document is not valid by the published schema."""
    document = parse_strict_json(body)
    assert [error.message for error in validator().iter_errors(document)] == []


def assert_valid_envelope(body: bytes) -> None:
    """Fail if some tracker would refuse an envelope."""
    header, item_header, item, rest = body.split(b"\n")
    payload = parse_strict_json(item)
    assert rest == b""
    assert parse_strict_json(header)["event_id"] == payload["event_id"]
    assert parse_strict_json(item_header) == {"type": "event", "content_type": "application/json", "length": len(item)}
    assert set(payload) <= _TOP
    assert payload["level"] in _LEVELS
    assert all(isinstance(value, str) for value in payload["tags"].values())
    assert all(isinstance(value, str) for value in payload["fingerprint"])
    assert payload.get("user", {}).keys() <= _USER
    assert payload["exception"]["values"]
    for value in payload["exception"]["values"]:
        _assert_valid_exception(value)
    for breadcrumb in payload["breadcrumbs"]["values"]:
        _assert_valid_breadcrumb(breadcrumb)


def parse_strict_json(body: bytes) -> Any:
    """Return a document, and fail if it has numbers that JSON does not have, or lone surrogates."""
    text = body.decode("utf-8")
    assert not re.search(r"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])", text.replace("\\\\", ""))
    return json.loads(text, parse_constant=_refuse)


def _refuse(constant: str) -> Any:
    raise AssertionError(f"JSON knows no {constant}")


def _assert_valid_exception(value: Mapping[str, Any]) -> None:
    assert set(value) <= {"type", "value", "module", "mechanism", "stacktrace"}
    assert value["type"]
    assert isinstance(value["value"], str)
    assert value["mechanism"]["type"]
    for frame in value.get("stacktrace", {}).get("frames", ()):
        assert isinstance(frame["lineno"], int)
        assert isinstance(frame["in_app"], bool)
        assert all(isinstance(frame[key], str) for key in ("filename", "abs_path", "function"))


def _assert_valid_breadcrumb(breadcrumb: Mapping[str, Any]) -> None:
    assert set(breadcrumb) == _FIELDS_OF_A_BREADCRUMB
    assert breadcrumb["level"] in _LEVELS
    assert all(isinstance(breadcrumb[key], str) for key in ("timestamp", "type", "category", "message"))
    assert isinstance(breadcrumb["data"], dict)
