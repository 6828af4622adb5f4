"""
What a span tells, in the words of a breadcrumb: one table, old and new conventions alike.

Instrumentations still write the semantic conventions of before 2024 unless
told otherwise, and the new ones when they are; both are read here and nowhere
else. A span is known by its attributes, never by its display name.

Sources: the semantic conventions for `HTTP
<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>`_, `databases
<https://opentelemetry.io/docs/specs/semconv/database/database-spans/>`_,
`messaging <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>`_
and `RPC <https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/>`_.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

Attributes = Mapping[str, Any]

# Stores that answer by key: what they run is a command, not a query.
_KEY_VALUE_STORES = frozenset({"redis", "valkey", "memcached", "memcache"})
_ASGI_EVENT = "asgi.event.type"
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanFacts:
    """
    What the rules read of a span.

    Args:
        name: Its display name.
        scope: The name of its instrumentation scope.
        attributes: Its attributes.
        failed: Whether its status is ERROR.
        error: Short name of what it failed with, None if unknown.
        took: How long it took, in words; None where it has not ended.

    """

    name: str
    scope: str
    attributes: Attributes
    failed: bool
    error: str | None
    took: str | None

    def first(self, *keys: str) -> Any:
        """Return the value of the first of these attributes that is there."""
        for key in keys:
            value = self.attributes.get(key)
            if value is not None and value != "":
                return value
        return None

    @property
    def library(self) -> str:
        """The instrumented library, by the last word of the scope's name."""
        return self.scope.rpartition(".")[2]

    @property
    def outcome(self) -> str:
        """What came of it, as the end of a message."""
        if self.took is None:
            return ""
        if self.error:
            return f" -> {self.error} after {self.took}"
        return f" -> failed after {self.took}" if self.failed else f" in {self.took}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A span in the words of a breadcrumb."""

    type: str = "default"
    category: str
    level: str = "info"
    message: str
    data: dict[str, Any] = field(default_factory=dict)


def http(facts: SpanFacts) -> Telling:
    """Tell of a request that the application made."""
    method = facts.first("http.request.method", "http.method") or facts.name
    url = _url(facts)
    status = facts.first("http.response.status_code", "http.status_code")
    return Telling(
        type="http",
        category="http",
        level=_http_level(status, failed=facts.failed),
        message=f"{method} {_without_query(url)}{_http_outcome(facts, status)}",
        data={"method": method, "url": url, "status_code": status, "library": facts.library},
    )


def query(facts: SpanFacts) -> Telling:
    """Tell of a statement sent to a database."""
    statement = facts.first("db.query.text", "db.statement") or facts.name
    return Telling(
        type="query",
        category="query",
        level="error" if facts.failed else "info",
        message=" ".join(str(statement).split()),
        data={
            "db.system": facts.first("db.system.name", "db.system"),
            "db.namespace": facts.first("db.namespace", "db.name"),
            "rows": facts.first("db.response.returned_rows"),
        },
    )


def key_value(facts: SpanFacts) -> Telling:
    """Tell of a command sent to a cache or key-value store."""
    system = str(facts.first("db.system.name", "db.system"))
    command = facts.first("db.query.text", "db.statement") or facts.name
    return Telling(
        type="query",
        category="redis" if system == "valkey" else system,
        level="error" if facts.failed else "info",
        message=" ".join(str(command).split()) + (facts.outcome if facts.failed else ""),
        data={"db.system": system, "db.namespace": facts.first("db.namespace", "db.redis.database_index")},
    )


def messaging(facts: SpanFacts) -> Telling:
    """Tell of a message sent or received."""
    destination = facts.first(
        "messaging.destination.name", "messaging.destination", "messaging.url", "celery.task_name"
    )
    return Telling(
        category="messaging",
        level="error" if facts.failed else "info",
        message=facts.name + (facts.outcome if facts.failed else ""),
        data={
            "system": facts.first("messaging.system"),
            "destination": destination,
            "message_id": facts.first("messaging.message.id", "messaging.message_id"),
            "task": facts.first("celery.task_name"),
        },
    )


def aws(facts: SpanFacts) -> Telling:
    """Tell of a call to an AWS service."""
    status = facts.first("http.response.status_code", "http.status_code")
    service, method = facts.first("rpc.service"), facts.first("rpc.method")
    return Telling(
        category="aws",
        level=_http_level(status, failed=facts.failed),
        message=f"{service}.{method}{_http_outcome(facts, status)}" if service and method else facts.name,
        data={
            "service": service,
            "method": method,
            "status_code": status,
            "region": facts.first("cloud.region", "aws.region"),
            "request_id": facts.first("aws.request_id"),
        },
    )


def rpc(facts: SpanFacts) -> Telling:
    """Tell of a remote procedure call."""
    code = facts.first("rpc.response.status_code", "rpc.grpc.status_code")
    return Telling(
        category="rpc",
        level="error" if facts.failed else "info",
        message=facts.name.lstrip("/") + facts.outcome,
        data={
            "system": facts.first("rpc.system.name", "rpc.system"),
            "service": facts.first("rpc.service"),
            "method": facts.first("rpc.method"),
            "status_code": code,
        },
    )


def template(facts: SpanFacts) -> Telling:
    """Tell of a template compiled or rendered."""
    return Telling(
        category="template",
        level="error" if facts.failed else "info",
        message=f"{facts.name.removeprefix('jinja2.')} {facts.first('jinja2.template_name') or ''}".strip()
        + (facts.outcome if facts.failed else ""),
        data={"template": facts.first("jinja2.template_name"), "path": facts.first("jinja2.template_path")},
    )


def other(facts: SpanFacts) -> Telling:
    """Tell of any other span, with all its attributes."""
    return Telling(
        category="span",
        level="error" if facts.failed else "info",
        message=facts.name + (facts.outcome if facts.failed else ""),
        data=dict(facts.attributes),
    )


Rule = tuple[Callable[[SpanFacts], bool], Callable[[SpanFacts], Telling]]


def _says(*keys: str) -> Callable[[SpanFacts], bool]:
    return lambda facts: any(key in facts.attributes for key in keys)


def _is_key_value(facts: SpanFacts) -> bool:
    return str(facts.first("db.system.name", "db.system")) in _KEY_VALUE_STORES


def _is_aws(facts: SpanFacts) -> bool:
    return str(facts.first("rpc.system.name", "rpc.system")) == "aws-api"


# The first that fits tells: what a span is for comes before how it travels.
RULES: tuple[Rule, ...] = (
    (_says("messaging.system", "messaging.destination", "messaging.destination.name", "celery.action"), messaging),
    (_is_aws, aws),
    (_says("rpc.system", "rpc.system.name"), rpc),
    (_is_key_value, key_value),
    (_says("db.system", "db.system.name"), query),
    (_says("http.request.method", "http.method"), http),
    (lambda facts: facts.scope == "opentelemetry.instrumentation.jinja2", template),
)


def tell(facts: SpanFacts) -> Telling | None:
    """Return a span in the words of a breadcrumb, None for one that is only noise."""
    if _ASGI_EVENT in facts.attributes:
        return None  # "http send": the parts of a response, one span each
    for fits, telling in RULES:
        if fits(facts):
            return telling(facts)
    return other(facts)


def _url(facts: SpanFacts) -> str:
    url = facts.first("url.full", "http.url")
    if url:
        return _without_userinfo(str(url))
    scheme = facts.first("url.scheme", "http.scheme") or "http"
    host = facts.first("http.host", "server.address", "net.peer.name") or ""
    path = facts.first("http.target", "url.path", "http.route") or ""
    return f"{scheme}://{host}{path}" if host else str(path)


def _without_userinfo(url: str) -> str:
    try:
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    except ValueError:
        return url


def _without_query(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _http_outcome(facts: SpanFacts, status: object) -> str:
    if status is None or facts.took is None:
        return facts.outcome
    return f" -> {status} in {facts.took}"


def _http_level(status: object, *, failed: bool) -> str:
    if not isinstance(status, int):
        return "error" if failed else "info"
    if status >= _SERVER_ERROR:
        return "error"
    return "warning" if status >= _CLIENT_ERROR else "info"
