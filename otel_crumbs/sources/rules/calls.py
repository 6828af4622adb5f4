"""The rules for spans of calls to other services: HTTP, RPC, AWS and messages."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from .facts import Description, SpanFacts
from .reasons import find_phrase, find_reason

_CLIENT_ERROR, _SERVER_ERROR = 400, 500

# https://grpc.io/docs/guides/status-codes/, by number.
_GRPC_CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
_GRPC_DETAILS = re.compile(r'details = "([^"\n]*)"')

# The paths by which orchestrators and load balancers check a service.
_HEALTH_CHECK = re.compile(r"/(?:-/)?(?:health|healthz|healthcheck|ready|readyz|live|livez)/?$")
_GRPC_HEALTH = "grpc.health.v1.Health"


def describe_http(facts: SpanFacts) -> Description:
    """Describe an HTTP request that the application made."""
    method = facts.find_first("http.request.method", "http.method") or facts.name
    url = _find_url(facts)
    status = facts.find_first("http.response.status_code", "http.status_code")
    reason = find_phrase(status) if status is not None else find_reason(facts.said)
    way = "".join(f" -> {redirect}" for redirect in facts.redirects)
    return Description(
        type="http",
        category="http",
        level=_find_http_level(status, failed=facts.failed),
        message=f"{method} {_remove_query(url)}{way}{_describe_http_outcome(facts, status, reason)}",
        data={
            "method": method,
            "url": url,
            "status_code": status,
            "reason": reason,
            "redirects": len(facts.redirects) or None,
            "library": facts.library,
        },
    )


def is_passed_health_check(facts: SpanFacts) -> bool:
    """Return whether a call was a health check that passed."""
    if facts.failed or facts.took is None:
        return False
    if facts.find_first("rpc.service") == _GRPC_HEALTH:
        return True
    status = facts.find_first("http.response.status_code", "http.status_code")
    return (
        isinstance(status, int)
        and status < _CLIENT_ERROR
        and bool(_HEALTH_CHECK.search(_remove_query(_find_url(facts))))
    )


def describe_message(facts: SpanFacts) -> Description:
    """Describe a message sent or received."""
    destination = facts.find_first(
        "messaging.destination.name", "messaging.destination", "messaging.url", "celery.task_name"
    )
    return Description(
        category="messaging",
        level=facts.level,
        message=(_describe_celery(facts) or facts.name) + facts.failure,
        data={
            "system": facts.find_first("messaging.system") or (facts.library if facts.library == "celery" else None),
            "destination": destination,
            "message_id": facts.find_first("messaging.message.id", "messaging.message_id"),
            "task": facts.find_first("celery.task_name"),
            "state": facts.find_first("celery.state"),
            "library": facts.library,
        },
    )


def describe_aws_call(facts: SpanFacts) -> Description:
    """Describe a call to an AWS service."""
    status = facts.find_first("http.response.status_code", "http.status_code")
    service, method = facts.find_first("rpc.service"), facts.find_first("rpc.method")
    return Description(
        category="aws",
        level=_find_http_level(status, failed=facts.failed),
        message=f"{service}.{method}{_describe_http_outcome(facts, status)}" if service and method else facts.name,
        data={
            "service": service,
            "method": method,
            "status_code": status,
            "region": facts.find_first("cloud.region", "aws.region"),
            "request_id": facts.find_first("aws.request_id"),
            "library": facts.library,
        },
    )


def describe_rpc(facts: SpanFacts) -> Description:
    """Describe a remote procedure call."""
    code = facts.find_first("rpc.response.status_code", "rpc.grpc.status_code")
    status = _name_grpc_status(code)
    details = _GRPC_DETAILS.search(facts.said or "")
    answered = facts.failed and status and facts.took
    return Description(
        category="rpc",
        level=facts.level,
        message=facts.name.lstrip("/") + (f" -> {status} after {facts.took}" if answered else facts.outcome),
        data={
            "system": facts.find_first("rpc.system.name", "rpc.system"),
            "service": facts.find_first("rpc.service"),
            "method": facts.find_first("rpc.method"),
            "status_code": code,
            "status": status,
            "reason": details[1] if details else None,
        },
    )


def _describe_celery(facts: SpanFacts) -> str | None:
    task = facts.find_first("celery.task_name")
    if not task:
        return None
    if facts.find_first("celery.action") == "run":
        return f"{task} run"
    return f"{facts.find_first('messaging.destination.name', 'messaging.destination') or 'celery'} send {task}"


def _name_grpc_status(code: object) -> str | None:
    if isinstance(code, str):
        return code
    return _GRPC_CODES[code] if isinstance(code, int) and 0 <= code < len(_GRPC_CODES) else None


def _find_url(facts: SpanFacts) -> str:
    url = facts.find_first("url.full", "http.url")
    if url:
        return _remove_userinfo(str(url))
    scheme = facts.find_first("url.scheme", "http.scheme") or "http"
    host = facts.find_first("http.host", "server.address", "net.peer.name") or ""
    path = facts.find_first("http.target", "url.path", "http.route") or ""
    return f"{scheme}://{host}{path}" if host else str(path)


def _remove_userinfo(url: str) -> str:
    if "@" not in url:
        return url
    try:
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return url


def _remove_query(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _describe_http_outcome(facts: SpanFacts, status: object, reason: str | None = None) -> str:
    if facts.took is None:
        return ""
    if status is not None:
        return f" -> {status} in {facts.took}"
    if facts.error and reason:
        return f" -> {facts.error} ({reason}) after {facts.took}"
    return facts.outcome


def _find_http_level(status: object, *, failed: bool) -> str:
    if not isinstance(status, int):
        return "error" if failed else "info"
    if status >= _SERVER_ERROR:
        return "error"
    return "warning" if status >= _CLIENT_ERROR else "info"
