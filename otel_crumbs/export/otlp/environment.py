"""
The standard variables of the OTLP exporter, as they apply to logs.

See the `exporter specification
<https://opentelemetry.io/docs/specs/otel/protocol/exporter/>`_: variables
for logs come before those for all signals.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from opentelemetry.util.re import parse_env_headers

from otel_crumbs.base.guard import warn

GRPC, HTTP = "grpc", "http/protobuf"

_DEFAULT_ENDPOINT = {GRPC: "http://localhost:4317", HTTP: "http://localhost:4318"}
_DEFAULT_TIMEOUT = 10.0
# A name in the characters that a name may have, and a value in those that the SDK takes, encoded or not:
# https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables
_HEADER = re.compile(r"[!#-'*+.0-9A-Z^-z|~-]+[ \t]*=[ !#-+:<-\[\]-~\--9]*")
_COMPRESSIONS = ("none", "gzip", "deflate")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpSettings:
    """
    The endpoint of an OTLP exporter, and how it is reached.

    Args:
        protocol: ``http/protobuf`` or ``grpc``.
        endpoint: The whole URL.
        headers: Sent with every request.
        timeout: The time for one request, in seconds.
        compression: ``none``, ``gzip`` or ``deflate``.
        certificate: The file of the authority to check the receiver's certificate by, None for the system's.
        client_certificate: The file of the client's certificate.
        client_key: The file of the key of the client's certificate.
        insecure: Whether gRPC goes without TLS if the endpoint has no scheme.

    """

    protocol: str
    endpoint: str
    headers: Mapping[str, str]
    timeout: float
    compression: str
    certificate: str | None
    client_certificate: str | None
    client_key: str | None
    insecure: bool


def read_otlp_settings(environ: Mapping[str, str]) -> OtlpSettings:
    """Return the settings of an environment; instead of a value that cannot be used the default is, with a warning."""

    def find(name: str) -> str | None:
        for variable in (f"OTEL_EXPORTER_OTLP_LOGS_{name}", f"OTEL_EXPORTER_OTLP_{name}"):
            value = environ.get(variable, "").strip()
            if value:
                return value
        return None

    protocol = _choose_protocol(find("PROTOCOL"))
    return OtlpSettings(
        protocol=protocol,
        endpoint=_find_endpoint(environ, protocol),
        headers=_parse_headers(find("HEADERS") or ""),
        timeout=_parse_timeout(find("TIMEOUT")),
        compression=_parse_compression(find("COMPRESSION")),
        certificate=find("CERTIFICATE"),
        client_certificate=find("CLIENT_CERTIFICATE"),
        client_key=find("CLIENT_KEY"),
        insecure=(find("INSECURE") or "").lower() == "true",
    )


def _parse_headers(text: str) -> Mapping[str, str]:
    """Return the headers of a variable; those that the SDK's parser would complain of, with their values, are out."""
    items = [item.strip() for item in text.split(",") if item.strip()]
    fine = [item for item in items if _HEADER.fullmatch(item)]
    if len(fine) < len(items):
        warn(
            "OTLP headers",
            "OTEL_EXPORTER_OTLP_HEADERS has %d items of which %d are no name=value; they are left out. "
            "Remedy: name=value,name2=value2 with %%-encoded values",
            len(items),
            len(items) - len(fine),
        )
    return parse_env_headers(",".join(fine), liberal=True)


def _choose_protocol(wanted: str | None) -> str:
    if wanted is None or wanted == HTTP:
        return HTTP
    if wanted != GRPC:
        warn("OTLP protocol", "OTEL_EXPORTER_OTLP_PROTOCOL is %r; otel_crumbs sends %s or %s.", wanted, HTTP, GRPC)
        return HTTP
    from importlib.util import find_spec  # noqa: PLC0415 - only where it is asked for

    if find_spec("grpc") is None:
        warn(
            "OTLP protocol",
            "OTEL_EXPORTER_OTLP_PROTOCOL is grpc, but grpcio is not installed; otel_crumbs sends %s instead. "
            "Remedy: pip install 'otel-crumbs[grpc]'",
            HTTP,
        )
        return HTTP
    return GRPC


def _find_endpoint(environ: Mapping[str, str], protocol: str) -> str:
    whole = environ.get("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "").strip()
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip() or _DEFAULT_ENDPOINT[protocol]
    if protocol == GRPC:
        return whole or base
    return whole or f"{base.rstrip('/')}/v1/logs"


def _parse_timeout(seconds: str | None) -> float:
    try:
        timeout = float(seconds) if seconds else _DEFAULT_TIMEOUT
    except ValueError:
        warn("OTLP timeout", "OTEL_EXPORTER_OTLP_TIMEOUT is %r, not a number of seconds; 10 is used.", seconds)
        return _DEFAULT_TIMEOUT
    return timeout if timeout > 0 else _DEFAULT_TIMEOUT


def _parse_compression(wanted: str | None) -> str:
    compression = (wanted or "none").lower()
    if compression in _COMPRESSIONS:
        return compression
    warn("OTLP compression", "OTEL_EXPORTER_OTLP_COMPRESSION is %r, not one of %s.", wanted, ", ".join(_COMPRESSIONS))
    return "none"
