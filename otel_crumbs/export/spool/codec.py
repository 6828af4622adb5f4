"""
An error event as bytes for a file, and back, without loss.

The form has a version: a later release must be able to read the files of an
earlier one. Fields that are not known are passed over,
and fields that are missing have their defaults, so that a new field is not a
new version.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from otel_crumbs.base.memo import map_shared
from otel_crumbs.event import ErrorEvent, ExceptionInfo, Frame
from otel_crumbs.trails import Breadcrumb

VERSION_OF_FILE = 1

T = TypeVar("T")

_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
_MODELS: dict[type, tuple[str, ...]] = {
    model: tuple(field.name for field in fields(model)) for model in (ErrorEvent, ExceptionInfo, Frame, Breadcrumb)
}

# JSON knows neither tuples nor bytes nor keys that are no text: they are wrapped in a map with this one key.
_KIND = "otel_crumbs.kind"
_TRAIL = "breadcrumbs"


class UnreadableError(ValueError):
    """Bytes that hold no event."""


class NewerVersionError(UnreadableError):
    """An event in the form of a later release, which can read it."""


def encode(event: ErrorEvent) -> bytes:
    """Return an event as bytes."""
    others = {name: _encode_value(getattr(event, name)) for name in _MODELS[ErrorEvent] if name != _TRAIL}
    # Events that follow each other share most of their trails, which are most of an event.
    trail = ",".join(map_shared(_encode_breadcrumb, event.breadcrumbs))
    items = f'{{"{_KIND}":"tuple","items":[{trail}]}}'
    return f'{{"version":{VERSION_OF_FILE},"event":{{{_dump(others)[1:-1]},"{_TRAIL}":{items}}}}}'.encode("ascii")


def decode(data: bytes) -> ErrorEvent:
    """
    Return the event that bytes hold.

    Raises:
        NewerVersionError: If they are in a form that only a later release knows.
        UnreadableError: If they are no event.

    """
    try:
        document = json.loads(data)
        version = document["version"]
        if version == VERSION_OF_FILE:
            return _decode_event(document["event"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    kind = NewerVersionError if isinstance(version, int) and version > VERSION_OF_FILE else UnreadableError
    raise kind(f"its version is {version!r}, not {VERSION_OF_FILE}")


def _encode_breadcrumb(breadcrumb: Breadcrumb) -> str:
    return _dump(_encode_value(breadcrumb))


def _dump(plain: Any) -> str:
    # ASCII, since half of a surrogate pair is no UTF-8.
    return json.dumps(plain, separators=(",", ":"))


def _encode_value(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind in _MODELS:
        return {name: _encode_value(getattr(value, name)) for name in _MODELS[kind]}
    if isinstance(value, Mapping):
        return _encode_mapping(value)
    if isinstance(value, list):
        return [_encode_value(item) for item in value]
    if isinstance(value, tuple):
        return {_KIND: "tuple", "items": [_encode_value(item) for item in value]}
    if isinstance(value, bytes):
        return {_KIND: "bytes", "base64": b64encode(value).decode("ascii")}
    return str(value)


def _encode_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    if all(isinstance(key, str) and key != _KIND for key in value):
        return {key: _encode_value(item) for key, item in value.items()}
    return {_KIND: "map", "items": [[_encode_value(key), _encode_value(item)] for key, item in value.items()]}


def _decode_value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_decode_value(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    kind = plain.get(_KIND)
    if kind is None:
        return {key: _decode_value(item) for key, item in plain.items()}
    if kind == "tuple":
        return tuple(_decode_value(item) for item in plain["items"])
    if kind == "bytes":
        return b64decode(plain["base64"], validate=True)
    return {_decode_value(key): _decode_value(item) for key, item in plain["items"]}


def _decode_event(plain: Any) -> ErrorEvent:
    event = _decode_model(ErrorEvent, plain, {"exceptions": _decode_exception, "breadcrumbs": _decode_breadcrumb})
    if not event.exceptions:
        raise ValueError("it has no exception")
    return event


def _decode_exception(plain: Any) -> ExceptionInfo:
    return _decode_model(ExceptionInfo, plain, {"frames": _decode_frame})


def _decode_frame(plain: Any) -> Frame:
    return _decode_model(Frame, plain, {})


def _decode_breadcrumb(plain: Any) -> Breadcrumb:
    return _decode_model(Breadcrumb, plain, {})


def _decode_model(kind: type[T], plain: Any, parts: Mapping[str, Callable[[Any], Any]]) -> T:
    """Return a dataclass with the fields that it knows; *parts* makes the items of some."""
    known = _MODELS[kind]
    values = {
        name: tuple(parts[name](item) for item in value["items"]) if name in parts else _decode_value(value)
        for name, value in plain.items()
        if name in known
    }
    return kind(**values)
