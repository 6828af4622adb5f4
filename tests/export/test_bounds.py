"""An event is never larger than the limit in the bytes that an exporter sends, and uses the room that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import ExceptionInfo, Frame
from otel_crumbs.event.trim import encode_within, trim_event
from otel_crumbs.export.console import format_event
from otel_crumbs.export.http.document import encode_event as encode_document
from otel_crumbs.export.otlp.wire import encode_request
from otel_crumbs.export.sentry.exporter import envelope_of
from otel_crumbs.export.spool.codec import encode_event as encode_file
from tests.event.breadcrumbs import BREADCRUMBS
from tests.event.test_exceptions_room import INFOS

from .events import NOW, TRAIL, event_of
from .schemas import assert_valid_document, assert_valid_envelope

Encode = Callable[[ErrorEvent], bytes]

ENCODERS: dict[str, Encode] = {
    "otlp": encode_request,
    "otlp json": lambda event: encode_request(event, as_json=True),
    "http": encode_document,
    "sentry": envelope_of,
    "console": lambda event: format_event(event).encode(),
    "spool": encode_file,
}
LIMITS = [4096, 60_000]

# What makes JSON, an escape or a remark longer than the text that it stands for.
LETTERS = {"plain": "x", "japanese": "日", "control": "\x01", "quote": '"', "emoji": "😀", "mark": "[scrubbed: token] "}


def trail_of(letter: str, size: int = 600, count: int = 120) -> tuple[Breadcrumb, ...]:
    """Return a trail of long breadcrumbs."""
    return tuple(
        Breadcrumb(timestamp=NOW - number, category=f"shop.{number % 7}", message=letter * size, data={"of": letter})
        for number in range(count, 0, -1)
    )


def frames_of(text: str) -> tuple[Frame, ...]:
    """Return frames of which every text is long."""
    return tuple(
        Frame(
            path=f"/app/{number}/{text}.py",
            line=number,
            function=text[:200],
            module=text[:200],
            source=text[:200],
            locals={"value": text[:500]},
            lines=(text[:250],) * 11,
        )
        for number in range(20)
    )


def heavy_events(letter: str) -> dict[str, ErrorEvent]:
    """Return events of which one part is far too large."""
    event, text = event_of(breadcrumbs=TRAIL), letter * 700
    info = event.exception
    large = ExceptionInfo(type=text, message=text, notes=(text,), frames=frames_of(text))
    attributes = {f"{number} {letter * 20}": text for number in range(48)}
    return {
        "trail": replace(event, breadcrumbs=trail_of(letter)),
        "one breadcrumb": replace(event, breadcrumbs=trail_of(letter, 30_000, 1)),
        "notes": replace(event, exceptions=(replace(info, notes=(text,) * 16),)),
        "message": replace(event, exceptions=(replace(info, message=text * 4),)),
        "class": replace(event, exceptions=(replace(info, type=text),)),
        "paths": replace(event, exceptions=(replace(info, frames=frames_of(text)),)),
        "causes": replace(
            event,
            exceptions=tuple(
                replace(info, message=text, frames=frames_of("x"), parent=number - 1 if number else None)
                for number in range(10)
            ),
        ),
        "stack trace": replace(event, stacktrace=text * 90),
        "context": replace(event, attributes=attributes, context=tuple(attributes)),
        "resource": replace(event, resource={"service.name": "shop", "host.name": text, **attributes}),
        "names": replace(event, operation=text, thread=text, mechanism=text, fingerprint=text),
        "counts": replace(event, dropped_by_category={f"{letter}{number}": 1 for number in range(2000)}),
        "all": replace(
            event,
            operation=text,
            breadcrumbs=trail_of(letter),
            exceptions=tuple(replace(large, parent=number - 1 if number else None) for number in range(4)),
            stacktrace=text * 90,
            source=text,
            attributes=attributes,
            resource=attributes,
        ),
    }


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("exporter", ENCODERS)
def test_no_part_makes_an_event_too_large(exporter: str, letter: str) -> None:
    """Each is cut, for every exporter and every limit, and what is left is an event."""
    encode = ENCODERS[exporter]
    for name, event in heavy_events(LETTERS[letter]).items():
        for limit in LIMITS if name == "all" else [4096]:
            encoded = encode_within(event, encode, limit)

            assert len(encoded) <= limit, name
            assert_valid(exporter, encoded)


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("exporter", ENCODERS)
def test_the_room_is_used(exporter: str, letter: str) -> None:
    """A trail that is too large fills it, in whatever language."""
    event = replace(event_of(), breadcrumbs=trail_of(LETTERS[letter]))

    encoded = encode_within(event, ENCODERS[exporter], 60_000)

    assert 0.9 * 60_000 <= len(encoded) <= 60_000


@pytest.mark.parametrize("exporter", ["otlp", "otlp json", "http", "sentry", "spool"])
def test_the_room_is_used_of_an_event_as_it_is_built(exporter: str) -> None:
    """The builder has trimmed it before, by what it takes as JSON."""
    event = trim_event(replace(event_of(), breadcrumbs=trail_of("日")), 60_000)

    encoded = encode_within(event, ENCODERS[exporter], 60_000)

    assert 0.85 * 60_000 <= len(encoded) <= 60_000


EVENTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "breadcrumbs": st.lists(BREADCRUMBS, max_size=30).map(tuple),
        "exceptions": st.lists(INFOS.map(lambda info: replace(info, type=info.type or "E")), min_size=1, max_size=5),
        "stacktrace": st.text(max_size=5000),
        "source": st.text(max_size=2000),
        "operation": st.none() | st.text(max_size=2000),
        "thread": st.none() | st.text(max_size=2000),
        "attributes": st.dictionaries(st.text(max_size=100), st.text(max_size=1000), max_size=20),
        "resource": st.dictionaries(st.text(max_size=100), st.text(max_size=1000) | st.integers(0, 9), max_size=20),
    }
)


@given(EVENTS, st.sampled_from(sorted(ENCODERS)))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None, max_examples=60)
def test_any_event_fits(fields: dict[str, Any], exporter: str) -> None:
    """Into the smallest limit that there is."""
    exceptions = tuple(
        replace(info, parent=number - 1 if number else None) for number, info in enumerate(fields["exceptions"])
    )
    event = replace(event_of(), **{**fields, "exceptions": exceptions})

    encoded = encode_within(event, ENCODERS[exporter], 4096)

    assert len(encoded) <= 4096
    assert_valid(exporter, encoded)


def assert_valid(exporter: str, encoded: bytes) -> None:
    """Fail if a receiver would refuse what is left of an event."""
    if exporter == "http":
        assert_valid_document(encoded)
    elif exporter == "sentry":
        assert_valid_envelope(encoded)
