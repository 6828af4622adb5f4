"""
An error event as Sentry's JSON.

See `event payloads <https://develop.sentry.dev/sdk/data-model/event-payloads/>`_;
GlitchTip and Bugsink take the same. Only fields of Sentry's schema are used, since
a receiver may refuse an event for a field that it does not know.
"""

from __future__ import annotations

import platform
import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any

from otel_crumbs.base.identity import VERSION
from otel_crumbs.base.plain import CUT, MAX_MESSAGE, to_text
from otel_crumbs.event import ErrorEvent, ExceptionInfo
from otel_crumbs.event.fingerprint import is_made
from otel_crumbs.event.stack_text import parse_stack
from otel_crumbs.trails import Breadcrumb, format_rfc3339

from .frames import make_stacktrace

SDK = {"name": "otel_crumbs.python", "version": VERSION}

# The frames of all exceptions of an event together, and the fewest of each exception.
MAX_FRAMES, FEWEST_FRAMES = 400, 10

# Sentry's relay cuts longer values.
_MAX_NAME, _MAX_ENVIRONMENT = 200, 64

# The attributes of the resource that people search by; all attributes are in the context "otel".
TAGS = (
    "service.name",
    "service.namespace",
    "service.instance.id",
    "host.name",
    "container.name",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.deployment.name",
    "k8s.pod.name",
    "cloud.provider",
    "cloud.region",
    "faas.name",
)
_ENVIRONMENTS = ("deployment.environment.name", "deployment.environment")
# https://docs.sentry.io/product/releases/naming-releases/
_NOT_IN_A_RELEASE = re.compile(r"[\n\r\t/\\]+")
_STANDARD_PORTS = (None, 80, 443)
_CUT_MESSAGE = {"message": {"": {"rem": [["!limit", "s", MAX_MESSAGE - 1, MAX_MESSAGE]]}}}
# https://develop.sentry.dev/sdk/data-model/event-payloads/user/
_USER = {"user.id": "id", "enduser.id": "id", "user.name": "username", "user.email": "email", "user.full_name": "name"}
_NOT_IN_A_TAG = re.compile(r"[^\w.:-]", re.ASCII)
_UNKNOWN_FIELDS = ("span_id", "duration_ms", "branch", "repeated", "in_flight")


def payload_of(event: ErrorEvent) -> dict[str, Any]:
    """Return an error event as Sentry's JSON."""
    exceptions = exceptions_of(event)
    payload: dict[str, Any] = {
        "event_id": event.event_id,
        "timestamp": format_rfc3339(event.timestamp),
        "platform": "python",
        "level": event.level,
        "sdk": SDK,
        "exception": {"values": _make_values(event, exceptions)},
        "breadcrumbs": {"values": [breadcrumb_of(breadcrumb) for breadcrumb in event.breadcrumbs]},
        "contexts": _make_contexts(event),
        "tags": _make_tags(event),
        "fingerprint": fingerprint_of(event, exceptions),
        "server_name": str(event.resource.get("host.name") or socket.gethostname()),
    }
    payload.update(_iterate_optional(event, exceptions))
    return payload


def exceptions_of(event: ErrorEvent) -> tuple[ExceptionInfo, ...]:
    """Return the exceptions of an event; where none has frames, those that the text of the traceback names."""
    if any(info.frames for info in event.exceptions):
        return event.exceptions
    from_text = parse_stack(event.exception, event.stacktrace)
    return from_text if from_text[0].frames else event.exceptions


def fingerprint_of(event: ErrorEvent, exceptions: tuple[ExceptionInfo, ...]) -> list[str]:
    """Return the fingerprint of an event; one with frames is grouped by the tracker's own rules, or a hook's."""
    if event.fingerprint and not is_made(event.fingerprint):
        return [event.fingerprint]
    if any(info.frames for info in exceptions):
        return ["{{ default }}"]
    return [event.exception.type, event.operation or "", event.mechanism]


def breadcrumb_of(breadcrumb: Breadcrumb) -> dict[str, Any]:
    """Return a breadcrumb as Sentry's JSON; fields that Sentry does not have are among the data."""
    wire = breadcrumb.as_dict()
    beside = {key: wire.pop(key) for key in _UNKNOWN_FIELDS if key in wire}
    # Some trackers show the message alone, so the number of repeats is in it.
    times = f" (x{breadcrumb.repeated})" if breadcrumb.repeated > 1 else ""
    return wire | {"message": breadcrumb.message + times, "data": beside | wire["data"]}


def _make_values(event: ErrorEvent, exceptions: tuple[ExceptionInfo, ...]) -> list[dict[str, Any]]:
    """Return the exceptions as JSON, in the order in which they were raised."""
    limit = _limit_frames(exceptions)
    groups = {info.parent for info in exceptions if (info.link or "").startswith("exceptions[")}
    values = []
    for number, info in enumerate(exceptions):
        module, _, name = info.type.rpartition(".")
        # Sentry has no field for notes; sentry-python adds them to the value, too.
        value: dict[str, Any] = {"type": name or info.type, "value": "\n".join([info.message, *info.notes])}
        value["mechanism"] = _make_mechanism(event, info, number, is_group=number in groups)
        if module:
            value["module"] = module
        stacktrace = make_stacktrace(info.frames, limit)
        if stacktrace:
            value["stacktrace"] = stacktrace
        values.append(value)
    return values[::-1]


def _make_mechanism(event: ErrorEvent, info: ExceptionInfo, number: int, *, is_group: bool) -> dict[str, Any]:
    mechanism: dict[str, Any] = {"type": event.mechanism or "generic", "handled": event.handled, "exception_id": number}
    if info.parent is not None:
        mechanism |= {"type": "chained", "parent_id": info.parent, "source": info.link or "__context__"}
    if is_group:
        mechanism["is_exception_group"] = True
    return mechanism


def _make_contexts(event: ErrorEvent) -> dict[str, Any]:
    resource = event.resource
    contexts: dict[str, Any] = {
        "runtime": {
            "name": str(resource.get("process.runtime.name") or platform.python_implementation()),
            "version": str(resource.get("process.runtime.version") or platform.python_version()),
        },
        "otel": {"resource": dict(resource), "attributes": dict(event.attributes)},
        "otel_crumbs": {"mechanism": event.mechanism, "breadcrumbs_dropped": event.dropped},
    }
    if event.held_back:
        contexts["otel_crumbs"]["held_back"] = event.held_back
    if event.scrubbed:
        contexts["otel_crumbs"]["scrubbed"] = dict(event.scrubbed)
    if event.thread:
        contexts["otel_crumbs"]["thread"] = event.thread
    if event.trace_id and event.span_id:
        contexts["trace"] = {"trace_id": f"{event.trace_id:032x}", "span_id": f"{event.span_id:016x}"}
    return contexts


def _make_tags(event: ErrorEvent) -> dict[str, str]:
    resource = event.resource
    tags = {name: to_text(str(resource[name]), _MAX_NAME) for name in TAGS if resource.get(name)}
    for name in event.context:
        value = event.attributes.get(name)
        if name not in _USER and isinstance(value, str | int | float) and value != "":
            tags[_NOT_IN_A_TAG.sub("_", name)] = _make_tag_value(value)
    return tags | ({"otel_crumbs.held_back": str(event.held_back)} if event.held_back else {})


def _make_tag_value(value: str | float) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return to_text(" ".join(text.split()), _MAX_NAME)


def _make_user(attributes: Mapping[str, Any]) -> dict[str, str]:
    user: dict[str, str] = {}
    for name, field in _USER.items():
        value = attributes.get(name)
        if isinstance(value, str | int | float) and value != "":
            user.setdefault(field, str(value))
    return user


def _iterate_optional(event: ErrorEvent, exceptions: tuple[ExceptionInfo, ...]) -> Iterator[tuple[str, Any]]:
    """Iterate over the fields that not every event has."""
    release = _NOT_IN_A_RELEASE.sub("-", str(event.resource.get("service.version") or "")).strip()
    if release:
        yield "release", to_text(release, _MAX_NAME)
    environment = next((str(event.resource[name]) for name in _ENVIRONMENTS if event.resource.get(name)), "")
    if environment:
        yield "environment", to_text(_NOT_IN_A_RELEASE.sub("-", environment), _MAX_ENVIRONMENT)
    request = _make_request(event.attributes)
    if request:
        yield "request", request
    user = _make_user(event.attributes)
    if user:
        yield "user", user
    if event.operation:
        yield "transaction", to_text(event.operation, _MAX_NAME)
    if not any(info.frames for info in exceptions) and "\n" in event.stacktrace.strip():
        yield "extra", {"stacktrace": event.stacktrace}
    meta = {key: value for key, value in _iterate_meta(event, exceptions) if value}
    if meta:
        yield "_meta", meta


def _make_request(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return Sentry's form of a request, empty where it was none."""
    method, path = attributes.get("http.request.method"), attributes.get("url.path")
    if not method:
        return {}
    url = attributes.get("url.full")
    if not url and path:
        host = attributes.get("server.address")
        port = attributes.get("server.port")
        where = f"{host}:{port}" if port not in _STANDARD_PORTS else host
        url = f"{attributes.get('url.scheme') or 'http'}://{where}{path}" if host else path
    found = {"method": method, "url": url, "query_string": attributes.get("url.query")}
    return {key: str(value) for key, value in found.items() if value}


def _limit_frames(exceptions: tuple[ExceptionInfo, ...]) -> int:
    return max(FEWEST_FRAMES, MAX_FRAMES // len(exceptions))


def _iterate_meta(event: ErrorEvent, exceptions: tuple[ExceptionInfo, ...]) -> Iterator[tuple[str, Any]]:
    """Iterate over the notes on what was cut, which trackers show beside it."""
    cut = {str(index): _CUT_MESSAGE for index, breadcrumb in enumerate(event.breadcrumbs) if _is_cut(breadcrumb)}
    dropped = {"": {"len": len(event.breadcrumbs) + event.dropped}} if event.dropped else {}
    yield "breadcrumbs", dropped | ({"values": cut} if cut else {})
    limit = _limit_frames(exceptions)
    shortened = {
        str(index): {"stacktrace": {"frames": {"": {"len": len(info.frames)}}}}
        for index, info in enumerate(reversed(exceptions))
        if len(info.frames) > limit
    }
    yield "exception", {"values": shortened} if shortened else {}


def _is_cut(breadcrumb: Breadcrumb) -> bool:
    return len(breadcrumb.message) == MAX_MESSAGE and breadcrumb.message.endswith(CUT)
