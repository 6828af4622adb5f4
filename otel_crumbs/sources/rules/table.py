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

from otel_crumbs.base.instrumentations import KAFKA_SCOPES

from .calls import describe_aws_call, describe_http, describe_message, describe_rpc, is_passed_health_check
from .databases import describe_command, describe_query, is_housekeeping, is_key_value
from .facts import Description, SpanFacts

_JINJA2 = "opentelemetry.instrumentation.jinja2"
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
    return Description(
        category="span", level=facts.level, message=facts.name + facts.failure, data=dict(facts.attributes)
    )


Fits = Callable[[SpanFacts], bool]
Rule = tuple[Fits, Callable[[SpanFacts], Description]]


def _has_any(*keys: str) -> Fits:
    return lambda facts: any(key in facts.attributes for key in keys)


def _is_aws(facts: SpanFacts) -> bool:
    return str(facts.find_first("rpc.system.name", "rpc.system")) == "aws-api"


def _is_kafka(facts: SpanFacts) -> bool:
    # Where sending fails, the instrumentation has set no attributes.
    return facts.scope in KAFKA_SCOPES


def _is_template(facts: SpanFacts) -> bool:
    return facts.scope == _JINJA2


def _is_template_step(facts: SpanFacts) -> bool:
    """Return whether a template was found and compiled, which its rendering shows, too."""
    return _is_template(facts) and not facts.failed and _find_template_step(facts) != "render"


def _find_template_step(facts: SpanFacts) -> str:
    return facts.name.removeprefix("jinja2.")


# Spans that would push others out of the trail: the parts of a response, one
# span each, and routine that goes on all the time.
NOISE: tuple[Fits, ...] = (_has_any(_ASGI_EVENT), is_housekeeping, is_passed_health_check, _is_template_step)

_MESSAGING_KEYS = ("messaging.system", "messaging.destination", "messaging.destination.name", "celery.action")

# The first rule that fits describes the span: what it is for comes before how it travels.
RULES: tuple[Rule, ...] = (
    (
        _has_any("messaging.system", "messaging.destination", "messaging.destination.name", "celery.action"),
        describe_message,
    ),
    (_is_kafka, describe_message),
    (_is_aws, describe_aws_call),
    (_has_any("rpc.system", "rpc.system.name"), describe_rpc),
    (is_key_value, describe_command),
    (_has_any("db.system", "db.system.name"), describe_query),
    (_has_any("http.request.method", "http.method"), describe_http),
    (_is_template, describe_template),
)


def describe(facts: SpanFacts) -> Description | None:
    """Return a span in the words of a breadcrumb, None for one that is only noise."""
    if any(fits(facts) for fits in NOISE):
        return None
    for fits, description in RULES:
        if fits(facts):
            return description(facts)
    return describe_other(facts)
