"""Tests of `otel_crumbs.export.spool.codec`: an event is restored as it was, also from a file of another release."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import ExceptionInfo, Frame
from otel_crumbs.export.spool.codec import (
    NewerVersionError,
    UnreadableError,
    decode_event,
    decode_events,
    encode_event,
    encode_events,
)
from tests.export.events import event_of

texts = st.text(st.characters(exclude_categories=()))


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | st.binary(),
    lambda values: (
        st.lists(values) | st.tuples(values, values) | st.dictionaries(texts | st.integers() | st.binary(), values)
    ),
    max_leaves=12,
)


breadcrumbs = st.builds(
    Breadcrumb,
    timestamp=st.integers(),
    message=texts,
    data=st.dictionaries(texts, plain),
    span_id=st.none() | texts,
    duration_ms=st.none() | st.floats(allow_nan=False),
    repeated=st.integers(),
    in_flight=st.booleans(),
)


@given(st.lists(breadcrumbs, max_size=3), st.dictionaries(texts, plain), texts)
def test_an_event_comes_back_as_it_was(trail: list[Breadcrumb], resource: dict[str, Any], words: str) -> None:
    """Its values are equal, and of the same types."""
    exception = ExceptionInfo(
        type=words, message=words, frames=(Frame(path=words, line=3, function="f"),), notes=(words,)
    )
    event = event_of(breadcrumbs=tuple(trail), resource=resource, exceptions=(exception,), operation=words)

    back = decode_event(encode_event(event))

    assert back == event
    assert repr(back.resource) == repr(event.resource)


def test_events_of_one_trail_take_little_more_than_one() -> None:
    """They are compressed together, and each comes back as it was."""
    events = [event_of(ValueError(str(number)), timestamp=number) for number in range(30)]

    data = encode_events(events)

    assert decode_events(data, 30) == tuple(events)
    assert len(data) < 5 * len(encode_event(events[0]))


@pytest.mark.parametrize("damage", [lambda data: data[:-9], lambda _: b"{}", lambda data: data[:20] + b"?" * 40])
def test_damaged_events_of_a_burst_are_unreadable(damage: Any) -> None:
    """So is a file that has not as many events as its name says."""
    data = encode_events([event_of(), event_of()])

    with pytest.raises(UnreadableError):
        decode_events(damage(data), 2)
    with pytest.raises(UnreadableError, match="3 events"):
        decode_events(data, 3)


def test_a_key_of_the_data_is_no_mark() -> None:
    """Data of the application is not taken for a value that was wrapped."""
    event = event_of(resource={"otel_crumbs.kind": "tuple", "items": [1]})

    assert decode_event(encode_event(event)) == event


def test_every_field_is_kept() -> None:
    """A field that is added to the model is in the file without further work."""
    document = json.loads(encode_event(event_of()))

    assert set(document["event"]) == {field.name for field in dataclasses.fields(ErrorEvent)}


def test_fields_of_another_release_do_no_harm() -> None:
    """An unknown field is ignored, and a missing one has its default."""
    document = json.loads(encode_event(event_of(held_back=3)))
    del document["event"]["held_back"]
    document["event"]["colour"] = "blue"

    assert decode_event(json.dumps(document).encode()) == event_with_the_id_of(document)


def event_with_the_id_of(document: Any) -> ErrorEvent:
    """Return the event that a document was made of, by its id."""
    event = event_of(held_back=0)
    return dataclasses.replace(event, event_id=document["event"]["event_id"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff",
        b"{",
        b"[]",
        b"null",
        b'{"version":1}',
        b'{"version":1,"event":7}',
        b'{"version":1,"event":{}}',
        b'{"version":0,"event":{}}',
        b'{"version":"x","event":{}}',
        b"[" * 100_000,
        encode_event(event_of())[:-40],
    ],
)
def test_garbage_raises_one_kind_of_error(data: bytes) -> None:
    """Whatever a broken disk leaves is an UnreadableError."""
    with pytest.raises(UnreadableError):
        decode_event(data)


def test_a_newer_version_has_an_error_of_its_own() -> None:
    """A file of a later release is not taken for garbage."""
    with pytest.raises(NewerVersionError):
        decode_event(b'{"version":2,"event":{}}')
