"""Every mechanism reports, lets the hooks of others do their part, and is undone without a trace."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, fail, in_thread
from tests.capture.programs import Program
from tests.capture.reported import exceptions_of


def test_a_dying_thread_is_an_event(heard: list[Any], events: CapturedEvents) -> None:
    """A thread that ends with an exception is reported with its own trail and name."""

    def work() -> None:
        otel_crumbs.record("in the thread")
        raise ValueError("boom")

    in_thread(work, name="importer")

    assert exceptions_of(events) == [("ValueError: boom", "threading", False)]
    assert events[0].thread == "importer"
    assert events[0].fatal is False
    assert [crumb.message for crumb in events[0].breadcrumbs] == ["in the thread"]
    assert [str(error) for error in heard] == ["boom"]


def test_a_dying_thread_is_an_event_whatever_hook_comes_later(
    events: CapturedEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook need not call the one that it found."""
    heard: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: heard.append(args.exc_value))

    in_thread(lambda: fail(ValueError("boom")))

    assert exceptions_of(events) == [("ValueError: boom", "threading", False)]
    assert [str(error) for error in heard] == ["boom"]


@pytest.mark.usefixtures("heard")
def test_a_thread_that_runs_already_is_an_event() -> None:
    """It may be older than the installation, and outlive it."""
    begin, end = threading.Event(), threading.Event()

    def work() -> None:
        end.wait()
        raise ValueError("boom")

    def wait_and_fail() -> None:
        begin.wait()
        raise ValueError("boom")

    thread, other = threading.Thread(target=wait_and_fail), threading.Thread(target=work)
    thread.start()
    other.start()
    before = thread._invoke_excepthook, other._invoke_excepthook  # type: ignore[attr-defined]  # it is private
    with capture_events() as events:
        begin.set()
        thread.join()
        titles = [event.title for event in events]
    after = other._invoke_excepthook  # type: ignore[attr-defined]  # it is private
    end.set()
    other.join()

    assert titles == ["ValueError: boom"]
    assert after is before[1]
    assert len(events) == 1


def test_a_finaliser_that_fails_is_an_event(heard: list[Any], events: CapturedEvents) -> None:
    """`__del__` cannot raise; Python hands it to the unraisable hook, and so we see it."""

    class Leaky:
        def __del__(self) -> None:
            raise ValueError("boom")

    Leaky()
    gc.collect()

    assert exceptions_of(events) == [("ValueError: boom", "unraisable", False)]
    assert [str(error) for error in heard] == ["boom"]


def test_a_finaliser_has_the_trail_of_what_let_go_of_it_alone(
    app: Application, heard: list[Any], events: CapturedEvents
) -> None:
    """Where the garbage collector runs it in the midst of a request, that request has nothing to do with it."""

    class Leaky:
        def __init__(self, name: str) -> None:
            self.name, self.circle = name, self

        def __del__(self) -> None:
            raise ValueError(self.name)

    gc.disable()
    Leaky("collected")
    with app.request("GET /unconcerned"):
        otel_crumbs.record("in the request")
        gc.collect()
        dropped = Leaky("dropped")
        dropped.circle = None  # type: ignore[assignment]  # no circle any more
        del dropped
    gc.enable()

    found = {event.exception.message: event for event in events}
    assert found.keys() == {"collected", "dropped"}
    assert len(heard) == 2
    assert (found["collected"].operation, found["collected"].breadcrumbs, found["collected"].trace_id) == (None, (), 0)
    assert [crumb.message for crumb in found["dropped"].breadcrumbs] == ["in the request"]


def test_a_failed_request_is_an_event(app: Application, events: CapturedEvents) -> None:
    """An exception that leaves a server span is reported with the request's name and ids."""
    with suppress(ValueError), app.request("GET /orders") as span:
        otel_crumbs.record("inside")
        raise ValueError("boom")

    context = span.get_span_context()
    assert exceptions_of(events) == [("ValueError: boom", "operation", False)]
    assert (events[0].trace_id, events[0].span_id) == (context.trace_id, context.span_id)
    assert events[0].operation == "GET /orders"
    assert events[0].resource["service.name"] == "shop"


def test_an_exception_captured_by_hand_returns_its_id(events: CapturedEvents) -> None:
    """The id that the call returns is the event's."""
    try:
        fail(ValueError("boom"))
    except ValueError:
        event_id = otel_crumbs.capture_exception()

    assert exceptions_of(events) == [("ValueError: boom", "capture_exception", True)]
    assert events[0].event_id == event_id


def test_the_caller_says_whether_it_was_handled(events: CapturedEvents) -> None:
    """`handled=False` is kept."""
    otel_crumbs.capture_exception(ValueError("boom"), handled=False)

    assert exceptions_of(events) == [("ValueError: boom", "capture_exception", False)]


@pytest.mark.parametrize("wrong", [None, "boom", 7, ValueError])
def test_capturing_what_is_no_exception_warns(
    wrong: Any, events: CapturedEvents, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is raised, nothing sent, and the log says what was expected."""
    assert otel_crumbs.capture_exception(wrong) is None

    assert len(events) == 0
    assert "needs an exception" in caplog.text


def test_capturing_before_install_warns(caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing is installed nothing is reported, and the log says so."""
    assert otel_crumbs.capture_exception(ValueError("boom")) is None

    assert "otel_crumbs.install()" in caplog.text


FAILING = """
import _thread, gc, sys, threading, time

def work():
    raise ValueError("thread")

def run(name):
    thread = threading.Thread(target=work, name=name)
    thread.start()
    thread.join()

def fail(args):
    print("own", args.exc_value)
    raise KeyError("hook")

class Careless:
    def __del__(self):
        raise ValueError("finaliser")

run("one")
threading.excepthook = fail
run("two")
Careless()
sys.unraisablehook = fail
Careless()
_thread.start_new_thread(work, ())
time.sleep(0.2)
threading.excepthook = threading.__excepthook__
threading.Thread(target=work, name="last").start()
"""
FAILS_FIRST = """
import sys

def fail_first(args):
    print("first", args.exc_value)
    raise KeyError("first hook")

sys.unraisablehook = fail_first
"""


@pytest.mark.parametrize("before", ["", FAILS_FIRST], ids=["no hook", "a hook that fails"])
def test_threads_and_finalisers_are_printed_as_without_us(tmp_path: Path, before: str) -> None:
    """The order, the hooks' own failures and their tracebacks are the same."""
    ended = Program(folder=tmp_path, before=before).run_both(FAILING)

    titles = [(event[0], event[2]) for event in ended.events]
    assert titles.count(("ValueError: thread", "threading")) == 3
    assert ("ValueError: finaliser", "unraisable") in titles


@dataclass(frozen=True, kw_only=True, slots=True)
class Mechanism:
    """Where a hook stands, and with how many arguments it is called."""

    holder: Any
    name: str
    arguments: int

    @property
    def hook(self) -> Any:
        """The hook that is there now."""
        return getattr(self.holder, self.name)


MECHANISMS = (
    Mechanism(holder=sys, name="unraisablehook", arguments=1),
    Mechanism(holder=asyncio.BaseEventLoop, name="call_exception_handler", arguments=2),
    Mechanism(holder=logging.Logger, name="callHandlers", arguments=2),
)
OPTIONAL = (
    Mechanism(holder=threading, name="_make_invoke_excepthook", arguments=0),
    Mechanism(holder=asyncio.BaseEventLoop, name="call_exception_handler", arguments=2),
)


@pytest.mark.parametrize("mechanism", [*MECHANISMS[:2], *OPTIONAL[:1]], ids=lambda mechanism: mechanism.name)
def test_uninstalling_restores_the_hook(mechanism: Mechanism) -> None:
    """The hook that was there is there again, the very same object."""
    before = mechanism.hook

    with capture_events():
        assert mechanism.hook is not before

    assert mechanism.hook is before


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_uninstalling_steps_aside_for_a_later_hook(mechanism: Mechanism, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hook that somebody put in place after us stays, and still reaches the one before us."""
    reached: list[Any] = []
    monkeypatch.setattr(mechanism.holder, mechanism.name, lambda *args: reached.append(args))
    with capture_events() as events:
        ours = mechanism.hook

        def second(*args: Any) -> Any:
            return ours(*args)

        setattr(mechanism.holder, mechanism.name, second)
    arguments = (None,) * mechanism.arguments

    mechanism.hook(*arguments)

    assert mechanism.hook is second
    assert reached == [arguments]
    assert list(events) == []


@pytest.mark.parametrize("mechanism", OPTIONAL, ids=lambda mechanism: mechanism.name)
def test_a_mechanism_that_is_not_asked_for_is_left_alone(mechanism: Mechanism) -> None:
    """The setting `capture` names the mechanisms; the hooks of the others are not touched."""
    before = mechanism.hook

    with capture_events(capture="logging"):
        assert mechanism.hook is before


def test_requests_and_log_lines_are_reported_only_where_asked_for(app: Application) -> None:
    """Without `operation` and `logging` they are breadcrumbs at the most."""
    with capture_events(capture="excepthook") as events:
        with suppress(ValueError), app.request():
            raise ValueError("boom")
        with suppress(ValueError), otel_crumbs.operation("job"):
            raise ValueError("boom")
        logging.getLogger("shop").error("failed", exc_info=KeyError("logged"))

        assert len(events) == 0
