"""The exception remembers its trail, and nobody else notices."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from otel_crumbs.trails import ExceptionMark, current, exception_marks, mark_exception, mark_of
from otel_crumbs.trails.exception_mark import MAX_MARKS, MAX_PARTS
from tests.application import Application


class OrderError(Exception):
    """An exception with attributes, as applications write them."""

    def __init__(self, order: int) -> None:
        super().__init__(f"order {order}")
        self.order = order


class SlottedError(Exception):
    """An exception that can have no weak reference."""

    __slots__ = ("order",)


@dataclass(frozen=True)
class FrozenError(Exception):
    """An exception whose attributes cannot be set."""

    order: int


class GuardedError(Exception):
    """An exception that lets nobody ask for its attributes, compare it or hash it."""

    def refuse(self, *_: Any) -> Any:
        """Raise."""
        raise RuntimeError("asked")

    __getattribute__ = __getattr__ = __setattr__ = __delattr__ = __eq__ = __hash__ = __bool__ = refuse  # type: ignore[assignment]


class Order:
    """An object of the application."""


ERRORS: list[Callable[[], BaseException]] = [
    lambda: KeyError("boom"),
    lambda: OSError(2, "No such file", "orders.txt"),
    lambda: ValueError(*("one", "two")),
    lambda: OrderError(7),
    lambda: SlottedError("boom"),
    lambda: FrozenError(7),
]
# Their parts are their dictionaries.
WITHOUT_PLAIN_ARGS: list[Callable[[], BaseException]] = [
    TimeoutError,
    lambda: KeyError(Order()),
    lambda: ValueError("x" * 5000),
]


def mark(error: BaseException) -> ExceptionMark:
    """Mark an exception in the current branch."""
    return mark_exception(error, current.find_branch())


def raised(make: Callable[[], BaseException]) -> BaseException:
    """Return an exception that was raised and caught."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - of any class
        raise make()
    return caught.value


def look_at(error: BaseException) -> list[Any]:
    """Return everything that an application can see of an exception."""
    asked: list[Callable[[], Any]] = [
        lambda: error,
        lambda: copy.copy(error),
        lambda: copy.deepcopy(error),
        lambda: pickle.loads(pickle.dumps(error)),  # noqa: S301 - our own bytes
    ]
    seen: list[Any] = [dir(error), json.dumps(vars(error)), error.args]
    for ask in asked:
        try:
            seen.append((repr(ask()), ask().args, vars(ask())))
        except AttributeError as refused:  # a frozen one can be neither copied nor unpickled
            seen.append(str(refused))
    return seen


@pytest.mark.parametrize("make", ERRORS)
def test_an_exception_is_as_it_was(make: Callable[[], BaseException], events: CapturedEvents) -> None:
    """In its attributes, its copies and its pickle, while it is on its way and afterwards."""
    error = make()
    pickled, reduced = pickle.dumps(error), error.__reduce__()
    with suppress(type(error)), otel_crumbs.operation("work"):
        raise error

    during = [pickle.dumps(error), error.__reduce__()]
    otel_crumbs.capture_exception(error)

    assert during == [pickled, reduced]
    assert [pickle.dumps(error), error.__reduce__()] == during
    assert look_at(error) == look_at(make())
    assert len(events) == 1


@pytest.mark.parametrize("make", [*ERRORS, *WITHOUT_PLAIN_ARGS, lambda: GuardedError("boom")])
def test_one_object_is_one_event(make: Callable[[], BaseException], events: CapturedEvents) -> None:
    """However often it is reported, of whatever class it is."""
    error = make()
    with suppress(BaseException), otel_crumbs.operation("work"):
        otel_crumbs.record("before it")
        raise error

    otel_crumbs.capture_exception(error)
    otel_crumbs.capture_exception(error)

    assert [[crumb.message for crumb in event.breadcrumbs] for event in events] == [["before it"]]


@pytest.mark.parametrize("make", [*ERRORS, *WITHOUT_PLAIN_ARGS])
def test_the_next_exception_at_the_same_place_is_another(
    make: Callable[[], BaseException], events: CapturedEvents
) -> None:
    """It often gets the address of the one before, and everything else that it has is equal."""
    addresses: list[int] = []
    # Until an address came again, and for a while.
    while len(addresses) < 100 or len({*addresses}) == len(addresses):
        error = raised(make)
        addresses.append(id(error))
        assert mark_of(error) is None
        otel_crumbs.capture_exception(error)
        del error
        assert len(addresses) < 2000

    assert len(events) == len(addresses)


@pytest.mark.parametrize("make", [*ERRORS, *WITHOUT_PLAIN_ARGS])
def test_a_mark_goes_with_its_exception(make: Callable[[], BaseException]) -> None:
    """A thousand failures keep none of their marks, and none of their variables."""
    orders: list[weakref.ref[Order]] = []

    def work() -> None:
        order = Order()
        orders.append(weakref.ref(order))
        raise make()

    for _ in range(1000):
        try:
            work()
        except Exception as error:  # noqa: BLE001 - of any class
            mark(error)
    gc.collect()
    exception_marks.drop_dead()

    assert [order for order in orders if order() is not None] == []
    assert not exception_marks._references
    assert not exception_marks._parts


@pytest.mark.parametrize("make", [*ERRORS, *WITHOUT_PLAIN_ARGS])
def test_marks_are_bounded(make: Callable[[], BaseException]) -> None:
    """An application may keep every exception that it ever had; the last one is still known."""
    errors = [make() for _ in range(MAX_MARKS + 10)]

    for error in errors:
        mark(error)

    assert len(exception_marks._references) <= MAX_MARKS
    assert len(exception_marks._parts) <= MAX_PARTS
    assert sum(mark_of(error) is not None for error in errors) in {MAX_MARKS, MAX_PARTS}


@pytest.fixture
def _quick_turns() -> Iterator[None]:
    """Have threads take turns at every instruction, nearly."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("make", [*ERRORS, *WITHOUT_PLAIN_ARGS, lambda: GuardedError("boom")])
@pytest.mark.usefixtures("_quick_turns")
def test_threads_share_a_mark(make: Callable[[], BaseException]) -> None:
    """Several threads may get the same exception at once, and take turns anywhere."""
    for _ in range(200):
        error, barrier, marks = make(), threading.Barrier(4), []

        def work(error: BaseException = error, barrier: Any = barrier, marks: Any = marks) -> None:
            barrier.wait()
            marks.append(mark(error))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {id(each) for each in marks} == {id(mark_of(error))}


def test_a_copy_is_another_exception(events: CapturedEvents) -> None:
    """Also a shallow one, which has the same arguments."""
    error = KeyError("boom")
    otel_crumbs.capture_exception(error)

    shallow, deep = copy.copy(error), copy.deepcopy(error)
    ids = {otel_crumbs.capture_exception(each) for each in (error, shallow, deep)}

    assert len(ids) == 3
    assert len(events) == 3


def test_what_is_made_of_the_same_arguments_is_another_exception(events: CapturedEvents) -> None:
    """`type(error)(*error.args)` gives both exceptions one tuple."""
    for _ in range(10):
        error = ValueError("boom")
        args = error.args
        otel_crumbs.capture_exception(error)
        del error
        otel_crumbs.capture_exception(ValueError(*args))

    assert len(events) == 20


def test_uninstalling_forgets_marks(app: Application) -> None:
    """Exceptions that the application keeps have nothing of ours then."""
    otel_crumbs.install(exporter="none")
    kept, built_in = OrderError(7), KeyError("boom")
    for error in (kept, built_in):
        with suppress(Exception), app.request():
            raise error

    otel_crumbs.uninstall()

    assert weakref.getweakrefcount(kept) == 0
    assert mark_of(built_in) is None


def test_one_object_raised_in_two_requests_is_two_events(app: Application, events: CapturedEvents) -> None:
    """A singleton exception tells of each request in its own trail."""
    for singleton in (ValueError("the one"), OrderError(7)):
        for number in range(2):
            with suppress(Exception), app.request(f"GET /{number}"):
                otel_crumbs.record(f"request {number}")
                raise singleton

    assert [[crumb.message for crumb in event.breadcrumbs] for event in events] == [["request 0"], ["request 1"]] * 2


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
