"""
Which request it was: the attributes of an operation's own span, under their standard names.

Instrumentations still write the semantic conventions of before 2024 unless
configured otherwise. The names are those of OpenTelemetry's `conventions for
HTTP <https://opentelemetry.io/docs/specs/semconv/non-normative/http-migration/>`_,
`RPC <https://opentelemetry.io/docs/specs/semconv/rpc/>`_ and `messaging
<https://opentelemetry.io/docs/specs/semconv/messaging/>`_.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from otel_crumbs.base.plain import to_plain, to_text
from otel_crumbs.trails import RESERVED

# More than any instrumentation writes.
MAX_ATTRIBUTES = 48
_MAX_VALUE = 1000

_NEWER = {
    "http.client_ip": "client.address",
    "http.flavor": "network.protocol.version",
    "http.method": "http.request.method",
    "http.request_content_length": "http.request.body.size",
    "http.response_content_length": "http.response.body.size",
    "http.scheme": "url.scheme",
    "http.status_code": "http.response.status_code",
    "http.url": "url.full",
    "http.user_agent": "user_agent.original",
    "messaging.conversation_id": "messaging.message.conversation_id",
    "messaging.destination": "messaging.destination.name",
    "messaging.message_id": "messaging.message.id",
    "messaging.operation": "messaging.operation.type",
    "messaging.kafka.partition": "messaging.destination.partition.id",
    "net.host.name": "server.address",
    "net.host.port": "server.port",
    "net.peer.ip": "client.address",
    "net.peer.name": "client.address",
    "net.peer.port": "client.port",
}
_TARGET = "http.target"
_CLIENT = frozenset({"client.address", "client.port", "network.peer.address", "network.peer.port"})
# What the event says itself, and a host with its port, which stand apart beside it.
_LEFT_OUT = (*RESERVED, "http.host", "http.server_name")


def find_request_attributes(attributes: Mapping[str, Any], *, with_client: bool) -> dict[str, Any]:
    """
    Return the attributes that tell which request, message or task it was, plain and in bounds.

    Args:
        attributes: Those of its own span.
        with_client: Whether the address of the client is told.

    """
    found: dict[str, Any] = {}
    for name, value in _iterate_standard(attributes):
        if len(found) >= MAX_ATTRIBUTES:
            break
        if name.startswith(_LEFT_OUT) or (name in _CLIENT and not with_client):
            continue
        # A name of today says more than the older one of the same meaning, wherever it stands.
        if name in attributes or name not in found:
            found[name] = to_text(value, _MAX_VALUE) if type(value) is str else to_plain(value)
    return found


def _iterate_standard(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in attributes.items():
        if name == _TARGET and type(value) is str:
            path, _, query = value.partition("?")
            yield "url.path", attributes.get("url.path", path)
            if query:
                yield "url.query", attributes.get("url.query", query)
        else:
            newer = _NEWER.get(name, name)
            yield newer, attributes.get(newer, value)
