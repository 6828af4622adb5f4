"""
The table of rules that describe a span in the words of a breadcrumb.

Instrumentations still write the semantic conventions of before 2024 unless
configured otherwise; rules read both, old and new. A span is known by its attributes, never by its display name.

Sources: the semantic conventions for `HTTP
<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>`_, `databases
<https://opentelemetry.io/docs/specs/semconv/database/database-spans/>`_,
`messaging <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>`_
and `RPC <https://opentelemetry.io/docs/specs/semconv/rpc/rpc-spans/>`_.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from otel_crumbs.base.instrumentations import KAFKA_SCOPES, REQUEST_SCOPES

from .calls import describe_aws_call, describe_http, describe_message, describe_rpc, is_passed_health_check
from .databases import describe_command, describe_query, is_greeting, is_housekeeping, is_key_value, is_quoting
from .facts import Description, SpanFacts

_JINJA2 = "opentelemetry.instrumentation.jinja2"
_SQLALCHEMY = "opentelemetry.instrumentation.sqlalchemy"
_ASGI_EVENT = "asgi.event.type"


def describe_template(facts: SpanFacts) -> Description:
    """Describe a template compiled or rendered."""
    name = facts.find_first("jinja2.template_name")
    return Description(
        category="template",
        level=facts.level,
        message=f"{_find_template_step(facts)} {name or ''}".strip() + facts.failure,
        data={"template": name, "path": facts.find_first("jinja2.template_path")},
    )


def describe_other(facts: SpanFacts) -> Description:
    """Describe any other span, with all its attributes."""
    # The name of logfire's spans is a template, and this attribute what it says.
    name = facts.attributes.get("logfire.msg")
    return Description(
        category="span",
        level=facts.level,
        message=(name if isinstance(name, str) and name else facts.name) + facts.failure,
        data=dict(facts.attributes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    A rule that describes some spans.

    A span must have one of the keys, or be of one of the scopes; then it must fit.

    Args:
        describe: Returns the description, None for a span that is only noise.
        keys: Names of attributes.
        scopes: Names of instrumentation scopes.
        fits: Reads the span's facts; any span fits if None.

    """

    describe: Callable[[SpanFacts], Description | None]
    keys: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    fits: Callable[[SpanFacts], bool] | None = None


def discard(_: SpanFacts) -> None:
    """Describe a span by nothing: it would push others out of the trail."""


def _is_aws(facts: SpanFacts) -> bool:
    return str(facts.find_first("rpc.system.name", "rpc.system")) == "aws-api"


def _is_template_step(facts: SpanFacts) -> bool:
    """Return whether a template was found and compiled, which its rendering shows, too."""
    return not facts.failed and _find_template_step(facts) != "render"


def _is_request_within(facts: SpanFacts) -> bool:
    """Return whether a framework serves the request of another one around it, as Flask does within FastAPI."""
    return not _SCHEME.isdisjoint(facts.attributes)


def _find_template_step(facts: SpanFacts) -> str:
    return facts.name.removeprefix("jinja2.")


_STATEMENT = frozenset({"db.query.text", "db.statement"})
_DATABASE = frozenset({"db.system", "db.system.name"})
_RPC = frozenset({"rpc.system", "rpc.system.name"})
_MESSAGING = frozenset({"messaging.system", "messaging.destination", "messaging.destination.name", "celery.action"})
_HTTP = frozenset({"http.request.method", "http.method"})
# Who serves a request has no address of it in one piece; Tornado's instrumentation has spans of its client, too.
_SCHEME = frozenset({"url.scheme", "http.scheme"})
_STATUS = frozenset({"http.response.status_code", "http.status_code"})

# The first rule that fits describes the span. The parts of a response, one span each, and routine that goes on all the
# time come first; then what a span is for comes before how it travels.
RULES: tuple[Rule, ...] = (
    Rule(describe=discard, keys=frozenset({_ASGI_EVENT})),
    Rule(describe=discard, keys=_STATEMENT, scopes=frozenset({_SQLALCHEMY}), fits=is_housekeeping),
    Rule(describe=discard, keys=_STATEMENT, fits=is_greeting),
    Rule(describe=discard, keys=_STATEMENT, fits=is_quoting),
    Rule(describe=discard, keys=_STATUS | {"rpc.service"}, fits=is_passed_health_check),
    Rule(describe=discard, scopes=REQUEST_SCOPES, fits=_is_request_within),
    Rule(describe=discard, scopes=frozenset({_JINJA2}), fits=_is_template_step),
    # Where sending fails, the instrumentation of Kafka has set no attributes.
    Rule(describe=describe_message, keys=_MESSAGING, scopes=KAFKA_SCOPES),
    Rule(describe=describe_aws_call, keys=_RPC, fits=_is_aws),
    Rule(describe=describe_rpc, keys=_RPC),
    Rule(describe=describe_command, keys=_DATABASE, fits=is_key_value),
    Rule(describe=describe_query, keys=_DATABASE),
    Rule(describe=describe_http, keys=_HTTP),
    Rule(describe=describe_template, scopes=frozenset({_JINJA2})),
)

# An instrumentation sets the same few sets of attributes over and over.
_MAX_KINDS = 512


@lru_cache(maxsize=_MAX_KINDS)
def find_candidates(scope: str, keys: frozenset[str]) -> tuple[Rule, ...]:
    """Return the rules that may fit spans of a scope with these attributes, whatever their values."""
    return tuple(rule for rule in RULES if scope in rule.scopes or not rule.keys.isdisjoint(keys))


def describe(facts: SpanFacts) -> Description | None:
    """Return a span in the words of a breadcrumb, None for one that is only noise."""
    for rule in find_candidates(facts.scope, frozenset(facts.attributes)):
        if rule.fits is None or rule.fits(facts):
            return rule.describe(facts)
    return describe_other(facts)
