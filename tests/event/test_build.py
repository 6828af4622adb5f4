"""From an exception to an event: scrubbed, asked of the user's hooks, and told without itself."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs import Breadcrumb, ErrorEvent
from otel_crumbs.event import Builder, capture_error
from otel_crumbs.event.rendering import render_snapshot
from otel_crumbs.export.http.document import encode_event
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.application import Application, raised


def boom() -> BaseException:
    """Return an exception with a traceback."""
    return raised(ValueError("boom"))[1]


def messages_of(event: ErrorEvent) -> list[str]:
    """Return what the trail tells."""
    return [breadcrumb.message for breadcrumb in event.breadcrumbs]


def test_secrets_go_everywhere() -> None:
    """Messages, data, the exception and the traceback are scrubbed."""
    with capture_events() as events:
        otel_crumbs.record("login with password=hunter2", data={"token": "hunter2", "url": "/?api_key=hunter2"})
        otel_crumbs.capture_exception(raised(ValueError("bad password=hunter2"))[1])

        assert "hunter2" not in str(events[0])
        assert "[scrubbed: password]" in events[0].exception.message
        assert "[scrubbed: password]" in events[0].stacktrace


def test_the_trail_by_hand_is_scrubbed_too() -> None:
    """`otel_crumbs.trail()` shows what an event would carry."""
    with capture_events():
        otel_crumbs.record("login with password=hunter2")

        assert [crumb.message for crumb in otel_crumbs.trail()] == ["login with password=[scrubbed: password]"]


def test_the_users_words_are_scrubbed() -> None:
    """`scrub_keys` adds to the words."""
    with capture_events(scrub_keys=["iban"]) as events:
        otel_crumbs.record("paid", data={"iban": "DE02", "password": "hunter2", "name": "kept"})
        otel_crumbs.capture_exception(boom())

        assert dict(events[0].breadcrumbs[0].data) == {
            "iban": "[scrubbed: secret]",
            "password": "[scrubbed: password]",
            "name": "kept",
        }


def test_a_hook_changes_breadcrumbs() -> None:
    """It returns another one, or None to leave it out; it sees what is already scrubbed."""
    seen: list[str] = []

    def hook(breadcrumb: Breadcrumb) -> Breadcrumb | None:
        seen.append(breadcrumb.message)
        if breadcrumb.message == "noise":
            return None
        return replace(breadcrumb, message=breadcrumb.message.upper())

    with capture_events(before_breadcrumb=hook) as events:
        otel_crumbs.record("noise")
        otel_crumbs.record("token=hunter2")
        otel_crumbs.capture_exception(boom())

        assert messages_of(events[0]) == ["TOKEN=[SCRUBBED: TOKEN]"]
        assert seen == ["noise", "token=[scrubbed: token]"]


def test_a_hook_changes_events() -> None:
    """It returns another one."""
    with capture_events(before_send=lambda event: replace(event, operation="renamed")) as events:
        otel_crumbs.capture_exception(boom())

        assert events[0].operation == "renamed"


def test_a_hook_drops_events() -> None:
    """None means that it is not sent, and nothing is lost by that."""
    with capture_events(before_send=lambda _: None) as events:
        otel_crumbs.capture_exception(boom())

        assert len(events) == 0
        assert otel_crumbs.flush() is True


def raises(_: Any) -> Any:
    """Stand for a broken hook."""
    raise RuntimeError("broken hook")


@pytest.mark.parametrize("hook", [raises, lambda _: "nonsense", lambda event: event.no_such_field, lambda: None])
@pytest.mark.parametrize("name", ["before_send", "before_breadcrumb"])
def test_a_broken_hook_costs_nothing_but_a_warning(name: str, hook: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What it was asked about is sent as it was, and the log names the hook."""
    with capture_events(**{name: hook}) as events:
        otel_crumbs.record("note")
        otel_crumbs.capture_exception(boom())

        assert [event.title for event in events] == ["ValueError: boom"]
        assert messages_of(events[0]) == ["note"]
    assert name in caplog.text


def test_a_hook_that_records_does_not_go_round_in_circles(events: CapturedEvents) -> None:
    """A hook may call us: what it leaves is in no trail of the event it was asked about."""
    otel_crumbs.uninstall()

    def hook(event: ErrorEvent) -> ErrorEvent:
        otel_crumbs.record("from the hook")
        return event

    with capture_events(before_send=hook) as captured:
        otel_crumbs.record("note")
        otel_crumbs.capture_exception(boom())

        assert messages_of(captured[0]) == ["note"]
    assert len(events) == 0


def test_the_exceptions_own_record_is_not_in_its_trail(app: Application, events: CapturedEvents) -> None:
    """What a span recorded of the exception is the event itself; another exception's is a breadcrumb."""
    with suppress(ValueError), app.request("GET /") as span:
        span.record_exception(KeyError("earlier"))
        raise ValueError("boom")

    assert [crumb.message for crumb in events[0].breadcrumbs] == ["KeyError: 'earlier'"]


def test_the_operation_has_its_name_while_it_runs(app: Application, events: CapturedEvents) -> None:
    """Frameworks rename the span once they know the route; the name at the time is told."""
    with app.request("GET") as span:
        span.update_name("GET /orders/<id>")
        otel_crumbs.capture_exception(boom())

    assert events[0].operation == "GET /orders/<id>"


def test_the_event_says_which_thread(events: CapturedEvents) -> None:
    """The name is the one that the application gave it."""
    thread = threading.Thread(target=lambda: otel_crumbs.capture_exception(boom()), name="importer")
    thread.start()
    thread.join()

    assert events[0].thread == "importer"


def test_ids_are_unique(events: CapturedEvents) -> None:
    """32 hexadecimal digits, never the same."""
    for _ in range(20):
        otel_crumbs.capture_exception(boom())

    ids = {event.event_id for event in events}
    assert len(ids) == 20
    assert all(len(event_id) == 32 and int(event_id, 16) for event_id in ids)


def test_a_heavy_trail_is_cut_to_the_limit() -> None:
    """`max_event_bytes` holds, and the last breadcrumb stays."""
    with capture_events(max_event_bytes=8192) as events:
        for number in range(50):
            otel_crumbs.record(f"{number} " + "x" * 500)
        otel_crumbs.capture_exception(boom())

        weight = sum(len(str(crumb.as_dict())) for crumb in events[0].breadcrumbs)
        assert weight < 8192
        assert events[0].breadcrumbs[-1].message.startswith("49 ")
        assert events[0].dropped == 50 - len(events[0].breadcrumbs)


def test_breadcrumbs_are_in_order_of_time(app: Application, events: CapturedEvents) -> None:
    """A span stands where it began, what happened within it after it."""
    with app.request("GET /"):
        with app.tracer.start_as_current_span("long"):
            otel_crumbs.record("within")
            with app.tracer.start_as_current_span("short"):
                pass
        otel_crumbs.capture_exception(boom())

    assert messages_of(events[0]) == ["long", "within", "short"]
    times = [crumb.timestamp for crumb in events[0].breadcrumbs]
    assert times == sorted(times)


@pytest.mark.usefixtures("events")
def test_errors_of_one_trail_share_what_is_made_of_it() -> None:
    """A thousand that wait would else have each breadcrumb rendered and scrubbed a thousand times."""
    builder = Builder()
    otel_crumbs.record("token=hunter2")
    first, second = (capture_error(boom(), mechanism="test", handled=True) for _ in range(2))

    one, other = builder.build(first), builder.build(second)

    assert one
    assert other
    assert [breadcrumb.message for breadcrumb in one.breadcrumbs[-1:]] == ["token=[scrubbed: token]"]
    assert other.breadcrumbs[-1] is one.breadcrumbs[-1]


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("name", ["before_breadcrumb", "before_send"])
def test_a_hook_that_changes_data_in_place_changes_that_of_one_event(name: str) -> None:
    """What events share is not handed to a hook."""

    def hook(given: Any) -> Any:
        for breadcrumb in getattr(given, "breadcrumbs", [given]):
            breadcrumb.data["tags"].append("seen")
        return given

    builder = Builder(**{name: hook})
    otel_crumbs.record("step", data={"tags": ["new"]})
    first, second = (capture_error(boom(), mechanism="test", handled=True) for _ in range(2))

    built = [builder.build(first), builder.build(second)]

    assert [event.breadcrumbs[-1].data for event in built if event] == [{"tags": ["new", "seen"]}] * 2


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("name", ["before_breadcrumb", "before_send"])
def test_what_a_hook_leaves_alone_is_still_shared(name: str) -> None:
    """It may have looked at it, or have made a change to the last type."""

    def hook(given: Any) -> Any:
        for breadcrumb in getattr(given, "breadcrumbs", [given]):
            if "ok" in breadcrumb.data:
                breadcrumb.data["ok"] = True
        return given

    builder = Builder(**{name: hook})
    otel_crumbs.record("changed", data={"ok": 1})
    otel_crumbs.record("left alone", data={"items": [1, {"a": None}], "b": 1.5})
    first, second = (capture_error(boom(), mechanism="test", handled=True) for _ in range(2))

    one, other = builder.build(first), builder.build(second)

    assert one
    assert other
    assert one.breadcrumbs[-2].data["ok"] is other.breadcrumbs[-2].data["ok"] is True
    assert one.breadcrumbs[-1] is other.breadcrumbs[-1]


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("name", ["before_breadcrumb", "before_send"])
def test_a_hook_that_fails_half_way_has_changed_nothing(name: str) -> None:
    """The event is sent as it was."""

    def hook(given: Any) -> Any:
        for breadcrumb in getattr(given, "breadcrumbs", [given]):
            breadcrumb.data.clear()
        raise RuntimeError("half way")

    otel_crumbs.record("step", data={"a": 1})

    event = Builder(**{name: hook}).build(capture_error(boom(), mechanism="test", handled=True))

    assert event
    assert event.breadcrumbs[-1].data == {"a": 1}


def test_the_trail_by_hand_is_the_applications_own() -> None:
    """Whatever it does with it, an event that is captured then has its own."""
    with capture_events() as events:
        otel_crumbs.record("step", data={"tags": ["new"]})
        waits = capture_error(boom(), mechanism="test", handled=True)
        seen: Any = otel_crumbs.trail()[0].data
        seen["tags"].append("seen")
        otel_crumbs.capture_exception(boom())

        assert events[0].breadcrumbs[0].data == {"tags": ["new"]}
        assert render_snapshot(waits.trail)[0][0].data == {"tags": ["new"]}


def test_what_is_the_same_in_a_row_is_reported_once(events: CapturedEvents) -> None:
    """A loop that says the same a hundred times leaves one breadcrumb that counts."""
    otel_crumbs.record("before")
    for _ in range(50):
        otel_crumbs.record("again")
    otel_crumbs.record("after")
    otel_crumbs.capture_exception(boom())

    assert [(crumb.message, crumb.repeated) for crumb in events[0].breadcrumbs] == [
        ("before", 1),
        ("again", 50),
        ("after", 1),
    ]


def test_the_error_itself_is_not_changed(events: CapturedEvents) -> None:
    """Message, arguments, cause and traceback of the application's exception stay as they are."""
    error = raised(ValueError("boom", 7))[1]
    before = error.args, error.__cause__, error.__traceback__, str(error)

    otel_crumbs.capture_exception(error)

    assert (error.args, error.__cause__, error.__traceback__, str(error)) == before
    assert len(events) == 1


def test_the_categories_of_what_had_no_room_can_be_written() -> None:
    """A lone surrogate in such a name, which no document may have, does not cost the event, nor a count."""
    with capture_events(max_breadcrumbs=1) as events:
        for category in ("a\ud800", "a\ud801", "sync token=hunter2", "b"):
            otel_crumbs.record("note", category=category)
        otel_crumbs.capture_exception(boom())

        counts = events[0].dropped_by_category
        assert json.loads(encode_event(events[0]))["dropped_by_category"] == dict(counts)
        assert (sum(counts.values()), "hunter2" in str(counts)) == (3, False)
