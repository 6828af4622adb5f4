"""A key that cannot be read costs its own name, and neither the breadcrumb nor the trail."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import otel_crumbs
from otel_crumbs import Breadcrumb, breadcrumbs
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import current
from tests.application import Application
from tests.conftest import GuardedFailures


class Hostile:
    """Raises when it is read."""

    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


class HostileText(str):
    """A text that raises when it is read."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


class HostileNumber(int):
    """A number that raises when it is read."""

    def __int__(self) -> int:
        raise RuntimeError("no number")

    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


class Elsewhere:
    """Raises when it is asked what it is, as a proxy does outside the request that it is of."""

    @property  # type: ignore[misc]  # that is the point
    def __class__(self) -> type:
        raise RuntimeError("working outside of a request")

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


# By name, for pytest would read them.
HOSTILE: dict[str, Any] = {
    "object": Hostile(),
    "text": HostileText("colour"),
    "number": HostileNumber(7),
    "proxy": Elsewhere(),
    "nothing": None,
    "plain number": 7,
    "tuple": ("a", Hostile()),
    "bytes": b"\xff",
    "surrogate": "\ud800",
    "empty": "",
}


def the_only() -> Breadcrumb:
    """Return the one breadcrumb there is, whose keys are plain."""
    [breadcrumb] = otel_crumbs.trail()
    assert {type(key) for key in breadcrumb.data} <= {str}
    return breadcrumb


@pytest.mark.parametrize("key", HOSTILE)
@pytest.mark.parametrize("value", [1, [1]], ids=["simple", "compound"])
@pytest.mark.parametrize("message", ["hats", None])
def test_a_key_of_a_note(key: str, value: Any, message: str | None) -> None:
    """The message may be made of it or not."""
    otel_crumbs.record(message, data={HOSTILE[key]: value, "pieces": 3})

    breadcrumb = the_only()
    assert breadcrumb.data["pieces"] == 3
    assert len(breadcrumb.data) == 2
    assert breadcrumb.message.endswith("hats" if message else "pieces=3")


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_of_a_note_that_is_finished_later(key: str) -> None:
    """Recorded, or put there by the processor."""
    breadcrumbs.record(
        "hats", data={HOSTILE[key]: 1}, processor=lambda fields: fields["data"].update({HOSTILE[key]: 2, "pieces": 3})
    )

    assert the_only().data["pieces"] == 3


@pytest.mark.parametrize("field", ["message", "category", "type", "level", "data", "timestamp"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_field_that_a_processor_spoils(field: str, value: str) -> None:
    """The breadcrumb is there all the same."""
    breadcrumbs.record("hats", data={"pieces": 3}, processor=lambda fields: fields.update({field: HOSTILE[value]}))

    assert isinstance(the_only().message, str)


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_of_a_log_line(events: CapturedEvents, key: str) -> None:  # noqa: ARG001 - breadcrumbs are in place
    """Attached to it, or the name of one of its arguments."""
    logging.getLogger("shop").warning("hats: %(pieces)s", {HOSTILE[key]: 1, "pieces": 3}, extra={HOSTILE[key]: 2})

    breadcrumb = the_only()
    assert breadcrumb.message == "hats: 3"
    assert breadcrumb.data["pieces"] == 3


@pytest.mark.parametrize("key", ["text", "surrogate"])
def test_a_key_of_a_span_and_of_its_event(app: Application, events: CapturedEvents, key: str) -> None:  # noqa: ARG001 - as above
    """OpenTelemetry lets through whatever is a text."""
    with app.tracer.start_as_current_span("sell", attributes={HOSTILE[key]: 1, "pieces": 3}) as span:
        span.add_event("sold", {HOSTILE[key]: 1, "pieces": 3})

    reported = otel_crumbs.trail()
    assert [each.data["pieces"] for each in reported] == [3, 3]
    assert {type(name) for each in reported for name in each.data} == {str}


@pytest.mark.parametrize("name", ["object", "text", "plain number", "nothing"])
def test_a_name_of_a_span_or_event(app: Application, events: CapturedEvents, name: str) -> None:  # noqa: ARG001 - as above
    """OpenTelemetry does not look at names at all."""
    with app.tracer.start_as_current_span(HOSTILE[name]) as span:
        span.add_event(HOSTILE[name])

    assert len(otel_crumbs.trail()) == 2


@pytest.mark.parametrize("key", HOSTILE)
def test_an_event_goes_out_with_such_a_trail(events: CapturedEvents, key: str) -> None:
    """Nothing on the way stumbles over it."""
    hostile = HOSTILE[key]
    otel_crumbs.record("hats", data={hostile: 1, "deep": {hostile: [{hostile: 2}]}})
    logging.getLogger("shop").warning("hats", extra={hostile: 2})

    otel_crumbs.capture_exception(ValueError("boom"))

    (event,) = events
    assert [each.message for each in event.breadcrumbs] == ["hats", "hats"]


Ways = Callable[[dict[Any, Any]], None]

WAYS: list[Ways] = [
    lambda data: otel_crumbs.record("hats", data=data),
    lambda data: otel_crumbs.record(data={**data, "hats": 1}),
    lambda data: breadcrumbs.record("hats", processor=lambda fields: fields.update(data=data)),
    lambda data: logging.getLogger("shop").warning("hats", extra=data),
    lambda data: logging.getLogger("shop").warning("%(pieces)s hats", {**data, "pieces": 3}),
]

NAMES = st.sampled_from(list(HOSTILE))
VALUES = st.recursive(
    NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


def made(named: Any) -> Any:
    """Return a structure with what its names stand for."""
    if isinstance(named, dict):
        return {HOSTILE[key]: made(value) for key, value in named.items()}
    return list(map(made, named)) if isinstance(named, list) else HOSTILE[named]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(way=st.integers(0, len(WAYS) - 1), data=st.dictionaries(NAMES, VALUES, max_size=4))
def test_no_key_and_no_value_makes_the_trail_raise(events: CapturedEvents, way: int, data: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Every way of recording and every depth is covered."""
    current.reset()

    WAYS[way](made(data))

    assert the_only().message


def test_an_entry_that_cannot_be_rendered_costs_itself_alone(guarded_failures: GuardedFailures) -> None:
    """What nobody thought of loses one breadcrumb, is said, and leaves the rest of the trail."""

    def render(_: object) -> list[Breadcrumb]:
        raise RuntimeError("nobody thought of that")

    otel_crumbs.record("before")
    current.find_branch().append((2**62, False, None, render, "broken"))
    otel_crumbs.record("after")

    assert [each.message for each in otel_crumbs.trail()] == ["before", "after"]
    assert [doing for doing, _ in guarded_failures] == ["a breadcrumb was rendered"]
    guarded_failures.clear()
