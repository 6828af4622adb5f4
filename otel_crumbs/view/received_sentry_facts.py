"""The facts around an event of Sentry's: the resource, the request, the user and the tags, by OpenTelemetry's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .error_document import to_words

_RESOURCE = {"release": "service.version", "environment": "deployment.environment.name", "server_name": "host.name"}
_USER = {"id": "user.id", "username": "user.name", "email": "user.email", "name": "user.full_name"}
# Of `contexts`: fields of the document, facts about the process, and what nobody asks for.
_NOT_ATTRIBUTES = frozenset({"trace", "runtime", "otel", "otel_crumbs"})


def make_resource(event: Mapping[str, Any], project: str) -> dict[str, Any]:
    """Return the resource that sent an event; that of our own exporter is in a context of its own."""
    contexts = to_mapping(event.get("contexts"))
    if given := to_mapping(to_mapping(contexts.get("otel")).get("resource")):
        return dict(given)
    runtime, sdk = to_mapping(contexts.get("runtime")), to_mapping(event.get("sdk"))
    tags = dict(_iterate_pairs(event.get("tags")))
    found = {
        # The protocol has no name of a service.
        "service.name": tags.get("service.name") or f"project {project}",
        **{ours: event.get(name) for name, ours in _RESOURCE.items()},
        "process.runtime.name": runtime.get("name"),
        "process.runtime.version": runtime.get("version"),
        "telemetry.sdk.name": sdk.get("name"),
        "telemetry.sdk.version": sdk.get("version"),
        "telemetry.sdk.language": event.get("platform"),
    }
    return {name: value for name, value in found.items() if value}


def make_attributes(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an event; those of our own exporter are in a context of its own."""
    contexts = to_mapping(event.get("contexts"))
    if "otel" in contexts:
        return dict(to_mapping(to_mapping(contexts["otel"]).get("attributes")))
    named = {str(name): value for name, value in contexts.items() if name not in _NOT_ATTRIBUTES}
    attributes = {
        **dict(_iterate_request(to_mapping(event.get("request")))),
        **dict(_iterate_user(to_mapping(event.get("user")))),
        **dict(_iterate_pairs(event.get("tags"))),
        **{f"extra.{name}": value for name, value in to_mapping(event.get("extra")).items()},
        **dict(_flatten(named)),
        "logger": event.get("logger"),
    }
    return {name: value for name, value in attributes.items() if value is not None and value != ""}


def _iterate_request(request: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    url = to_words(request.get("url"))
    yield "http.request.method", request.get("method")
    yield "url.full", url
    yield "url.path", _find_path(url)
    yield "url.query", request.get("query_string")
    yield "http.request.body", request.get("data")
    yield "client.address", to_mapping(request.get("env")).get("REMOTE_ADDR")
    for name, value in _iterate_pairs(request.get("headers")):
        yield f"http.request.header.{name.lower()}", value


def _find_path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _iterate_user(user: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in user.items():
        yield ("client.address" if name == "ip_address" else _USER.get(name, f"user.{name}")), value


def _iterate_pairs(plain: Any) -> Iterator[tuple[str, Any]]:
    """Iterate over a mapping, which may be a list of pairs."""
    pairs = plain.items() if isinstance(plain, Mapping) else plain if isinstance(plain, list) else ()
    for pair in pairs:
        if isinstance(pair, list | tuple) and len(pair) == 2:  # noqa: PLR2004 - a pair
            yield to_words(pair[0]), pair[1]


def _flatten(contexts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, context in contexts.items():
        for key, value in to_mapping(context).items():
            if key != "type":
                yield f"{name}.{key}", value


def to_mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping, empty for what is none."""
    return value if isinstance(value, Mapping) else {}
