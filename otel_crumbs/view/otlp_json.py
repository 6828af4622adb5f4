"""
OTLP in JSON, parsed into the messages of OTLP in protobuf.

It is protobuf's own JSON, but for `ids, which are hexadecimal
<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>`_.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, TypeVar

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

_IDS = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})
# Of a request, down to the log records or spans and their links, which alone have ids.
_DEPTH = 8


def parse_json(body: bytes | str, message: M) -> M:
    """
    Return *message*, filled with what a body in JSON says.

    Raises:
        ValueError: If it is no OTLP.

    """
    try:
        plain = json.loads(body)
        _rewrite_ids(plain, _DEPTH)
        if not isinstance(plain, dict):
            raise ValueError("a request is a JSON object")  # noqa: TRY004 - the body is wrong, not the caller
        return ParseDict(plain, message, ignore_unknown_fields=True)
    except (ParseError, RecursionError, TypeError) as error:
        raise ValueError(str(error) or "it is nested too deep") from error


def _rewrite_ids(plain: Any, depth: int) -> None:
    if isinstance(plain, list):
        for item in plain:
            _rewrite_ids(item, depth)
    elif isinstance(plain, dict) and depth:
        for name, value in plain.items():
            if name in _IDS and isinstance(value, str):
                plain[name] = b64encode(bytes.fromhex(value)).decode()
            elif name not in {"attributes", "body"}:
                _rewrite_ids(value, depth - 1)
