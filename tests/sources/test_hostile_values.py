"""Thousands of hostile values by every way in: nothing is raised, nothing lost, and every document valid."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.export.http.document import encode_event
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import current
from tests.application import Application
from tests.export.schemas import validator
from tests.sources.test_hostile_keys import HOSTILE

VALUES_A_WAY = 500
VALUES_AN_EVENT = 50
# Control, escape, bidi and private characters, lone surrogates, and ordinary ones.
CHARACTERS = '\x00\x01\x1b\x7f\x85\u2028\u202e\ud800\udfff\ufeff\uffff\U0010ffff日é"\\{}%ab \n'
NUMBERS = (float("nan"), float("inf"), -0.0, 1e308, 2**64, -(2**63) - 1, 1 << 20_000, 1j, True, None)


def make_text(dice: random.Random) -> str:
    """Return a text of any length that has any characters."""
    return "".join(dice.choices(CHARACTERS, k=dice.choice((0, 1, 7, 60, 3000))))


def make_value(dice: random.Random, depth: int = 3) -> Any:
    """Return a value of any kind; a list or a mapping may hold itself."""
    kind = dice.randrange(7 if depth else 4)
    if kind == 0:
        return make_text(dice)
    if kind == 1:
        return dice.choice(NUMBERS)
    if kind == 2:
        return HOSTILE[dice.choice(list(HOSTILE))]
    if kind == 3:
        return dice.randbytes(dice.choice((0, 9, 500)))
    inner = [make_value(dice, depth - 1) for _ in range(dice.randrange(4))]
    if kind == 4:
        inner.append(inner)
        return inner
    if kind == 5:
        return tuple(inner)
    mapping: dict[Any, Any] = dict(zip(map(make_text, [dice] * 4), inner, strict=False))
    mapping["itself"] = mapping
    return mapping


def log(value: Any, app: Application) -> None:  # noqa: ARG001 - all ways have the same arguments
    """Log it as one of two arguments, for logging itself asks a lone one what it is; no handler formats the line."""
    logging.getLogger("shop").warning("%s: %s", "value", value, extra={"value": value})


def leave_note(value: Any, app: Application) -> None:  # noqa: ARG001 - as above
    """Leave a note with it."""
    otel_crumbs.record("value", data={"value": value})


def set_attribute(value: Any, app: Application) -> None:
    """End a span that has it."""
    with app.tracer.start_as_current_span("value") as span:
        span.set_attribute("value", as_attribute(value))


def add_event(value: Any, app: Application) -> None:
    """End a span that has a span event with it."""
    with app.tracer.start_as_current_span("value") as span:
        span.add_event("value", {"value": as_attribute(value)})


def give_context(value: Any, app: Application) -> None:  # noqa: ARG001 - as above
    """Leave a note in a context that has it."""
    with otel_crumbs.context(value=value):
        otel_crumbs.record("value")


def capture(value: Any, app: Application) -> None:  # noqa: ARG001 - as above
    """Capture an exception whose text it is; the rate limit holds back those too many."""
    otel_crumbs.record("value")
    otel_crumbs.capture_exception(ValueError(value))


def as_attribute(value: Any) -> Any:
    """Return a value as OpenTelemetry takes it: it asks any other for its text, and raises what that raises."""
    if type(value) in (bool, float, str, bytes):
        return value
    return [each for each in value if type(each) is str] if type(value) in (list, tuple) else "other"


WAYS: dict[str, Callable[[Any, Application], None]] = {
    way.__name__: way for way in (log, leave_note, set_attribute, add_event, give_context, capture)
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_hostile_values_are_all_in_valid_documents(
    app: Application, events: CapturedEvents, monkeypatch: pytest.MonkeyPatch, way: Callable[..., None]
) -> None:
    """Each value is one breadcrumb, and what comes after them is an event."""
    logger = logging.getLogger("shop")
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [logging.NullHandler()])
    dice = random.Random(13)  # noqa: S311 - the same values each time
    found = []

    for number in range(VALUES_A_WAY):
        way(make_value(dice), app)
        if (number + 1) % VALUES_AN_EVENT == 0:
            assert sum(each.repeated for each in otel_crumbs.trail()) == VALUES_AN_EVENT * (1 + (way is add_event))
            otel_crumbs.capture_exception(KeyError(f"{number} values"))
            found += [*events]
            events.clear()
            current.reset()

    assert sum(event.title.startswith("KeyError") for event in found) == VALUES_A_WAY // VALUES_AN_EVENT
    for event in found:
        validator().validate(json.loads(encode_event(event)))
