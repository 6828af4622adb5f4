"""Tests of `otel_crumbs.export.otlp.protobuf`: the generated classes read what is written by hand."""

from __future__ import annotations

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValueList

from otel_crumbs.export.otlp.protobuf import Encoded, encode_array, encode_pairs, encode_value, encode_varint


@pytest.mark.parametrize("size", [0, 1, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 16_383, 16_384, 70_000])
def test_lengths_of_every_size_are_read(size: int) -> None:
    """Lengths take one byte up to 127, and more beyond."""
    text = "x" * size

    pairs = KeyValueList.FromString(encode_pairs(b"\x0a", {text: text, "last": 1}))

    assert [(pair.key, pair.value.string_value) for pair in pairs.values] == [(text, text), ("last", "")]


@pytest.mark.parametrize("number", [0, 1, -1, 127, 128, 2**31, -(2**31), 2**63 - 1, -(2**63)])
def test_integers_are_read(number: int) -> None:
    """Negative ones take ten bytes."""
    assert AnyValue.FromString(encode_value(number)).int_value == number


def test_an_integer_that_has_no_room_is_refused() -> None:
    """It would be read as another one; events have none."""
    with pytest.raises(ValueError, match="64 bits"):
        encode_value(2**63)


def test_a_half_of_a_character_is_replaced() -> None:
    """UTF-8 has none, and a receiver would refuse the whole request."""
    assert AnyValue.FromString(encode_value("a\ud800b")).string_value == "a?b"


def test_what_is_encoded_already_is_taken_as_it_is() -> None:
    """Breadcrumbs that events have in common are encoded once."""
    once = encode_value({"message": "hello"})

    value = AnyValue.FromString(encode_value([Encoded(once), Encoded(once)]))

    assert [item.kvlist_value.values[0].value.string_value for item in value.array_value.values] == ["hello"] * 2
    assert AnyValue.FromString(encode_array([once])).array_value.values[0] == value.array_value.values[0]


def test_numbers_have_the_base_of_128() -> None:
    """The lowest digit comes first."""
    assert [encode_varint(number) for number in (0, 127, 128, 300)] == [b"\x00", b"\x7f", b"\x80\x01", b"\xac\x02"]
