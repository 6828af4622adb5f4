"""The exception remembers its trail, and nobody else notices."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from contextlib import suppress

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.application import Application


class OrderError(Exception):
    """An exception with attributes, as applications write them."""

    def __init__(self, order: int) -> None:
        super().__init__(f"order {order}")
        self.order = order


def marked(app: Application) -> OrderError:
    """Return an exception that has been reported."""
    error = OrderError(7)
    with suppress(OrderError), app.request():
        raise error
    assert "__otel_crumbs__" in vars(error)
    return error


def test_it_pickles(app: Application, events: CapturedEvents) -> None:
    """Exceptions go to other processes; the mark does not stop them, and does not go along."""
    error = marked(app)

    returned = pickle.loads(pickle.dumps(RuntimeError("boom", vars(error))))  # noqa: S301 - our own bytes

    assert returned.args[1]["order"] == 7
    assert len(events) == 1


def test_it_unpickles_where_we_are_not_installed(app: Application, events: CapturedEvents) -> None:
    """A process without otel_crumbs can read a marked exception."""
    error = KeyError("boom")
    with suppress(KeyError), app.request():
        raise error
    program = "import pickle, sys; print(repr(pickle.loads(sys.stdin.buffer.read())))"

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], input=pickle.dumps(error), capture_output=True, check=True
    )

    assert done.stdout.strip() == b"KeyError('boom')"
    assert len(events) == 1


def test_it_copies(app: Application, events: CapturedEvents) -> None:
    """Copies are made, and a deep copy is another exception with another event."""
    error = KeyError("boom")
    with suppress(KeyError), app.request():
        raise error

    shallow, deep = copy.copy(error), copy.deepcopy(error)
    first = otel_crumbs.capture_exception(error)
    second = otel_crumbs.capture_exception(deep)

    assert repr(shallow) == repr(deep) == "KeyError('boom')"
    assert first != second
    assert len(events) == 2


def test_its_attributes_are_still_json(app: Application, events: CapturedEvents) -> None:
    """An application that serialises the attributes of an exception still can."""
    error = marked(app)

    document = json.loads(json.dumps(error.__dict__))

    assert document["order"] == 7
    assert len(events) == 1


def test_one_object_raised_in_two_requests_is_two_events(app: Application, events: CapturedEvents) -> None:
    """A singleton exception tells of each request in its own trail."""
    singleton = ValueError("the one")
    for number in range(2):
        with suppress(ValueError), app.request(f"GET /{number}"):
            otel_crumbs.record(f"request {number}")
            raise singleton

    assert [[crumb.message for crumb in event.breadcrumbs] for event in events] == [["request 0"], ["request 1"]]


def test_an_exception_with_slots_is_marked_too(app: Application, events: CapturedEvents) -> None:
    """Classes with ``__slots__`` are reported once as well."""

    class SlottedError(Exception):
        __slots__ = ("code",)

    error = SlottedError("boom")
    with suppress(SlottedError), app.request():
        raise error

    otel_crumbs.capture_exception(error)

    assert len(events) == 1


def test_an_exception_that_forbids_attributes_is_reported(app: Application, events: CapturedEvents) -> None:
    """A class whose ``__setattr__`` raises costs neither the event nor the application's exception."""

    class FrozenError(Exception):
        def __setattr__(self, name: str, value: object) -> None:
            if name != "__traceback__":  # contextlib sets it
                raise AttributeError(name)

    error = FrozenError("boom")
    with suppress(FrozenError), app.request():
        raise error

    assert [event.exception.message for event in events] == ["boom"]


def test_what_is_raised_from_a_marked_exception_has_its_story(app: Application, events: CapturedEvents) -> None:
    """An exception raised from one that left a span is told with that span's trail."""
    caught: list[BaseException] = []

    def work() -> None:
        with app.request("GET /"):
            otel_crumbs.record("inside")
            with app.tracer.start_as_current_span("step"):
                raise KeyError("low level")

    def outer() -> None:
        try:
            work()
        except KeyError as error:
            raise OrderError(7) from error

    try:
        outer()
    except OrderError as error:
        caught.append(error)
    otel_crumbs.capture_exception(caught[0])

    last = events[-1]
    assert last.exception.type.endswith("OrderError")
    assert "inside" in [crumb.message for crumb in last.breadcrumbs]
