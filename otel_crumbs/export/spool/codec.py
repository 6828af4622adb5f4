"""
The form of an error event in a file of the spool, from which it is restored without loss.

The form has a version, since a later release must be able to read the files of
an earlier one. Unknown fields are ignored and missing fields have their
defaults, so that a new field needs no new version.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from otel_crumbs.base.memo import map_shared
from otel_crumbs.event import ErrorEvent, ExceptionInfo, Frame
from otel_crumbs.trails import Breadcrumb

VERSION_OF_FILE = 1

T = TypeVar("T")

# More than a file of events has; one that nobody of us wrote may grow a thousandfold.
_MAX_DECOMPRESSED = 64 * 1024 * 1024

_PLAIN_TYPES = frozenset({str, int, float, bool, type(None)})
_MODELS: dict[type, tuple[str, ...]] = {
    model: tuple(field.name for field in fields(model)) for model in (ErrorEvent, ExceptionInfo, Frame, Breadcrumb)
}

# JSON has no tuples, no bytes, and no keys but text, so each of them is wrapped in a mapping that has this key.
_KIND = "otel_crumbs.kind"
_TRAIL = "breadcrumbs"


class UnreadableError(ValueError):
    """The bytes do not have the form of an event."""


class NewerVersionError(UnreadableError):
    """The bytes have the form of a later release, which can read them."""


def encode_events(events: Sequence[ErrorEvent]) -> bytes:
    """Return events as the bytes of one file: one as it is, several as lines that are compressed together."""
    if len(events) == 1:
        return encode_event(events[0])
    # Errors of a burst have most of their trails in common, and the fastest level finds that.
    return zlib.compress(b"\n".join(map(encode_event, events)), 1)


def decode_events(data: bytes, count: int) -> tuple[ErrorEvent, ...]:
    """Return the events of a file's bytes, of which there are so many; raises as `decode_event` does."""
    if count == 1:
        return (decode_event(data),)
    decompress = zlib.decompressobj()
    try:
        lines = decompress.decompress(data, _MAX_DECOMPRESSED).split(b"\n")
    except zlib.error as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    if not decompress.eof or len(lines) != count:
        raise UnreadableError(f"it does not have {count} events")
    return tuple(map(decode_event, lines))


def encode_event(event: ErrorEvent) -> bytes:
    """Return an event as bytes."""
    others = {name: _encode_value(getattr(event, name)) for name in _MODELS[ErrorEvent] if name != _TRAIL}
    # A trail is most of an event, and events that follow each other share most of it.
    trail = ",".join(map_shared(_encode_breadcrumbs, event.breadcrumbs))
    items = f'{{"{_KIND}":"tuple","items":[{trail}]}}'
    return f'{{"version":{VERSION_OF_FILE},"event":{{{_dump(others)[1:-1]},"{_TRAIL}":{items}}}}}'.encode(
        "utf-8", "surrogatepass"
    )


def decode_event(data: bytes) -> ErrorEvent:
    """
    Return the event of a file's bytes.

    Raises:
        NewerVersionError: If only a later release can read them.
        UnreadableError: If they are no event.

    """
    try:
        document = json.loads(data)
        version = document["version"]
        if version == VERSION_OF_FILE:
            return _make_event(document["event"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    kind = NewerVersionError if isinstance(version, int) and version > VERSION_OF_FILE else UnreadableError
    raise kind(f"its version is {version!r}, not {VERSION_OF_FILE}")


def _encode_breadcrumbs(breadcrumbs: Sequence[Breadcrumb]) -> list[str]:
    return [_dump(_encode_value(breadcrumb)) for breadcrumb in breadcrumbs]


def _dump(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _encode_value(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN_TYPES:
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


def _make_event(plain: Any) -> ErrorEvent:
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
    """Return an object of a model; *parts* has the functions that make the items of some fields."""
    known = _MODELS[kind]
    values = {
        name: tuple(parts[name](item) for item in value["items"]) if name in parts else _decode_value(value)
        for name, value in plain.items()
        if name in known
    }
    return kind(**values)
