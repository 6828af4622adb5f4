"""
Values of OpenTelemetry in the wire format of protobuf.

Objects of the generated classes take longer to make than all else that an event
needs, so the bytes are written as they are: a tag, a length, the contents. See
`encoding <https://protobuf.dev/programming-guides/encoding/>`_ and the messages
`AnyValue, KeyValue and KeyValueList
<https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/common/v1/common.proto>`_.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_ONE_BYTE = 0x80
_MASK_64 = 0xFFFF_FFFF_FFFF_FFFF
# The tags of AnyValue: the number of the field, and how its contents are written.
_STRING, _BOOL, _INT, _DOUBLE, _ARRAY, _MAP = b"\x0a", b"\x10", b"\x18", b"\x21", b"\x2a", b"\x32"
# Those of KeyValue, and of the items of ArrayValue and KeyValueList.
_KEY, _VALUE, _ITEM = b"\x0a", b"\x12", b"\x0a"

_double = struct.Struct("<d").pack
# Shorter than an id.
_LONGEST_WORD, _LARGEST_WORD = 12, 2**16
# Most lengths are those of short texts.
_SMALL = tuple(bytes([number]) for number in range(_ONE_BYTE))
# What comes before a short text as the value of an item: how long its AnyValue is, and then the text in it.
_SHORT_STRINGS = tuple(bytes([size + 2, *_STRING, size]) for size in range(_ONE_BYTE - 2))


class Encoded:
    """A value that is encoded already: the bytes of an AnyValue."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


def encode_varint(number: int) -> bytes:
    """Return a number that is not negative in the base of 128."""
    if number < _ONE_BYTE:
        return _SMALL[number]
    parts = bytearray()
    while number >= _ONE_BYTE:
        parts.append(number & 0x7F | _ONE_BYTE)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def encode_field(tag: bytes, contents: bytes) -> bytes:
    """Return a field of text, bytes or a message."""
    size = len(contents)
    return tag + (_SMALL[size] if size < _ONE_BYTE else encode_varint(size)) + contents


def encode_text(text: str) -> bytes:
    """Return a text in UTF-8; what it cannot have, a half of a character, is replaced."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def encode_pairs(tag: bytes, mapping: Mapping[str, Any]) -> bytes:
    """Return the items of a mapping as fields with a key and a value each."""
    return b"".join(
        [
            _encode_word(tag, key, value)
            if (type(value) is str and len(value) <= _LONGEST_WORD)
            or (type(value) is int and 0 <= value < _LARGEST_WORD)
            # Others have a value of their own each time.
            else _encode_pair(tag, key, value)
            for key, value in mapping.items()
        ]
    )


def encode_value(value: Any) -> bytes:
    """Return a plain value as an AnyValue."""
    kind = type(value)
    if kind is str:
        return encode_field(_STRING, encode_text(value))
    if kind is dict:
        return encode_field(_MAP, encode_pairs(_ITEM, value))
    if kind is Encoded:
        return bytes(value.data)
    if value is None:
        return b""
    if (scalar := _encode_scalar(value)) is not None:
        return scalar
    if isinstance(value, Mapping):
        return encode_field(_MAP, encode_pairs(_ITEM, value))
    if isinstance(value, list | tuple):
        return encode_array(map(encode_value, value))
    return encode_field(_STRING, encode_text(str(value)))


def encode_array(values: Iterable[bytes]) -> bytes:
    """Return an AnyValue that has those in its array."""
    return encode_field(_ARRAY, b"".join([encode_field(_ITEM, value) for value in values]))


def _encode_scalar(value: Any) -> bytes | None:
    """Return a value that has no parts as an AnyValue, None for any other; classes may be derived."""
    if isinstance(value, bool):
        return _BOOL + _SMALL[value]
    if isinstance(value, int):
        return _encode_int(value)
    if isinstance(value, float):
        return _DOUBLE + _double(value)
    return None


def _encode_int(value: int) -> bytes:
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} does not fit into 64 bits")
    # Negative ones are the complement of two.
    return _INT + encode_varint(value & _MASK_64)


def _encode_pair(tag: bytes, key: str, value: Any) -> bytes:
    head = _encode_head(key if type(key) is str else str(key))
    length = len(head)
    # Most items are short, and there are many of them.
    if type(value) is str:
        text = encode_text(value)
        size = len(text)
        if length + size + 3 < _ONE_BYTE:
            return b"".join((tag, _SMALL[length + size + 3], head, _SHORT_STRINGS[size], text))
        contents = encode_field(_STRING, text)
    elif type(value) is float:
        contents = _DOUBLE + _double(value)
    else:
        contents = encode_value(value)
    size = len(contents)
    if length + size + 1 < _ONE_BYTE:
        return b"".join((tag, _SMALL[length + size + 1], head, _SMALL[size], contents))
    return encode_field(tag, head + encode_varint(size) + contents)


@lru_cache(maxsize=2048)
def _encode_word(tag: bytes, key: str, word: str | int) -> bytes:
    """Return an item whose value is a word or a small number: levels, libraries and ports come again and again."""
    return _encode_pair(tag, key, word)


@lru_cache(maxsize=1024)
def _encode_head(key: str) -> bytes:
    """Return a key, and the tag of its value: the names of attributes come again and again."""
    return encode_field(_KEY, encode_text(key)) + _VALUE
