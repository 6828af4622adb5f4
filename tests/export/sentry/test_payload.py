"""Tests of `otel_crumbs.export.sentry.payload`: everything is where Sentry and other trackers look for it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from otel_crumbs import Breadcrumb
from otel_crumbs.base.plain import MAX_MESSAGE
from otel_crumbs.event import ExceptionInfo
from otel_crumbs.export.sentry.exporter import envelope_of
from otel_crumbs.export.sentry.payload import payload_of
from tests.export.events import CELERY_TRACEBACK, NOW, chained, event_of
from tests.export.schemas import assert_valid_envelope

needs_groups = pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")


def test_the_resource_is_where_sentry_looks_for_it() -> None:
    """Release, environment, server and trace are fields, some attributes are tags, and all are in a context."""
    resource = {
        "service.name": "shop",
        "service.version": "1.2.3",
        "deployment.environment.name": "staging",
        "host.name": "web-1",
        "k8s.pod.name": "shop-5",
        "process.pid": 7,
    }

    payload = payload_of(event_of(resource=resource, thread="worker-3", fatal=True))

    assert (payload["release"], payload["environment"], payload["server_name"]) == ("1.2.3", "staging", "web-1")
    assert payload["tags"] == {"service.name": "shop", "host.name": "web-1", "k8s.pod.name": "shop-5"}
    assert payload["contexts"]["otel"]["resource"]["process.pid"] == 7
    assert payload["contexts"]["trace"] == {
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id": "00f067aa0ba902b7",
    }
    assert payload["contexts"]["otel_crumbs"]["thread"] == "worker-3"
    assert payload["contexts"]["runtime"]["version"].startswith("3.")
    assert payload["transaction"] == "GET checkout/<int:number>"
    assert (payload["level"], payload["platform"]) == ("fatal", "python")
    assert payload["fingerprint"] == ["{{ default }}"]


def test_what_the_work_was_for_is_the_user_and_tags() -> None:
    """A user is Sentry's user, anything else that the application said a tag; a span's attributes are none."""
    said = {
        "user.id": 7,
        "user.email": "ada@shop.example",
        "user.name": "ada",
        "tenant": "acme",
        "order id": "3\n4",
        "paid": True,
        "lines": [1, 2],
    }
    event = event_of(attributes={"http.route": "/order", **said}, context=tuple(said))

    payload = payload_of(event)

    assert payload["user"] == {"id": "7", "email": "ada@shop.example", "username": "ada"}
    assert {name: payload["tags"][name] for name in ("tenant", "order_id", "paid")} == {
        "tenant": "acme",
        "order_id": "3 4",
        "paid": "true",
    }
    assert not {"http.route", "lines", "user.id"}.intersection(payload["tags"])
    assert_valid_envelope(envelope_of(event))


def test_the_environment_has_an_older_name_too() -> None:
    """Semantic conventions before 1.27 call it `deployment.environment`."""
    payload = payload_of(event_of(resource={"deployment.environment": "production", "service.version": "a/b\nc"}))

    assert payload["environment"] == "production"
    assert payload["release"] == "a-b-c"
    assert payload["server_name"]


def test_a_chain_begins_with_the_cause() -> None:
    """Each exception names the one that it belongs to."""
    cause, error = payload_of(event_of())["exception"]["values"]

    assert (cause["type"], cause["value"]) == ("KeyError", "'lamp'")
    assert (error["type"], error["module"], error["value"]) == (
        "OutOfStockError",
        "tests.export.events",
        "no lamps left",
    )
    assert error["mechanism"] == {"type": "operation", "handled": False, "exception_id": 0}
    assert cause["mechanism"] == {
        "type": "chained",
        "handled": False,
        "exception_id": 1,
        "parent_id": 0,
        "source": "__cause__",
    }


def test_notes_follow_the_message() -> None:
    """Sentry has no field for notes, and sentry-python does the same."""
    event = event_of()
    noted = replace(event, exceptions=(replace(event.exception, notes=("shelf 7", "tried twice")),))

    [value] = payload_of(noted)["exception"]["values"]

    assert value["value"] == "no lamps left\nshelf 7\ntried twice"


def test_the_number_of_held_back_events_is_a_tag() -> None:
    """Every tracker shows tags."""
    payload = payload_of(event_of(held_back=12))

    assert payload["tags"]["otel_crumbs.held_back"] == "12"
    assert payload["contexts"]["otel_crumbs"]["held_back"] == 12
    assert "otel_crumbs.held_back" not in payload_of(event_of())["tags"]


@needs_groups
def test_an_exception_group_is_a_tree() -> None:
    """The group is marked, and its members name it as their parent."""
    group = ExceptionGroup("many", [ValueError("a"), ExceptionGroup("more", [KeyError("b")])])  # noqa: F821 - 3.11

    values = payload_of(event_of(group))["exception"]["values"]

    tree = {
        value["mechanism"]["exception_id"]: (
            value["type"],
            value["mechanism"].get("parent_id"),
            value["mechanism"].get("source"),
            value["mechanism"].get("is_exception_group", False),
        )
        for value in values
    }
    assert tree == {
        0: ("ExceptionGroup", None, None, True),
        1: ("ValueError", 0, "exceptions[0]", False),
        2: ("ExceptionGroup", 0, "exceptions[1]", True),
        3: ("KeyError", 2, "exceptions[0]", False),
    }


def test_frames_are_parsed_from_a_text() -> None:
    """A traceback that Celery recorded as text has frames, and a cause, like any other."""
    info = ExceptionInfo(type="shop.tasks.OutOfStock", message="no lamps left")

    payload = payload_of(event_of(exceptions=(info,), stacktrace=CELERY_TRACEBACK))

    cause, error = payload["exception"]["values"]
    assert (cause["type"], cause["value"], cause["mechanism"]["source"]) == ("KeyError", "'lamp'", "__cause__")
    assert (error["type"], error["module"]) == ("OutOfStock", "shop.tasks")
    celery, ship = error["stacktrace"]["frames"]
    assert (celery["in_app"], ship["in_app"]) == (False, True)
    assert (ship["abs_path"], ship["lineno"], ship["function"]) == ("/app/shop/tasks.py", 7, "ship")
    assert ship["context_line"] == 'raise OutOfStock("no lamps left") from error'
    assert payload["fingerprint"] == ["{{ default }}"]
    assert "extra" not in payload


def test_a_file_that_a_text_names_is_not_read(tmp_path: Path) -> None:
    """The text may come from another machine, which must not choose the file."""
    private = tmp_path / "private.txt"
    private.write_text("the key to everything\n", encoding="utf-8")
    info = ExceptionInfo(type="grpc.RpcError", message="")
    text = f'Traceback (most recent call last):\n  File "{private}", line 1, in nowhere\ngrpc.RpcError\n'

    payload = payload_of(event_of(exceptions=(info,), stacktrace=text))

    assert "the key to everything" not in str(payload)
    assert payload["exception"]["values"][0]["stacktrace"]["frames"][0]["abs_path"] == str(private)


def test_a_text_that_is_no_traceback_is_kept() -> None:
    """The event is grouped by the type of the exception."""
    info = ExceptionInfo(type="RpcError", message="gone")

    payload = payload_of(event_of(exceptions=(info,), stacktrace="at Shop.buy(Shop.java:7)\nat Main.main(Main.java:1)"))

    assert payload["extra"]["stacktrace"].startswith("at Shop.buy")
    assert payload["fingerprint"] == ["RpcError", "GET checkout/<int:number>", "operation"]
    assert "stacktrace" not in payload["exception"]["values"][0]


def test_a_breadcrumb_has_message_and_data() -> None:
    """Some trackers show only the one, some only the other."""
    call, again, span = payload_of(event_of())["breadcrumbs"]["values"]

    assert call == {
        "timestamp": "2026-11-23T15:12:32.000000Z",
        "type": "http",
        "category": "http",
        "level": "error",
        "message": "GET http://stock.example/7 -> 503 in 120 ms",
        "data": {
            "method": "GET",
            "url": "http://stock.example/7",
            "status_code": 503,
            "span_id": "00f067aa0ba902b7",
            "duration_ms": 120.5,
        },
    }
    assert again["message"] == "trying again (x3)"
    assert again["data"] == {"repeated": 3}
    assert span["data"] == {"branch": "worker", "in_flight": True}


def test_cut_values_are_marked() -> None:
    """Trackers show where something was cut."""
    long = Breadcrumb(timestamp=NOW, message="x" * (MAX_MESSAGE - 1) + "…")

    payload = payload_of(event_of(breadcrumbs=(Breadcrumb(timestamp=NOW, message="short"), long), dropped=150))

    assert payload["_meta"]["breadcrumbs"][""] == {"len": 152}
    assert list(payload["_meta"]["breadcrumbs"]["values"]) == ["1"]
    assert "_meta" not in payload_of(event_of(dropped=0))


def test_a_deep_chain_stays_below_a_mebibyte() -> None:
    """Trackers refuse larger events; the innermost frames keep their source lines."""
    event = event_of(chained(31))

    body = envelope_of(event)

    values = payload_of(event)["exception"]["values"]
    assert len(body) < 900_000
    assert len(values) == 32
    assert "context_line" in values[-1]["stacktrace"]["frames"][-1]
    assert payload_of(event)["_meta"]["exception"]["values"]["0"]["stacktrace"]["frames"][""]["len"] == 100
    assert_valid_envelope(body)
