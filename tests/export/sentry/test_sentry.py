"""Envelopes: what Sentry and its kin get to see, and what they answer."""

from __future__ import annotations

import json
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otel_crumbs import Breadcrumb
from otel_crumbs.base.plain import MAX_MESSAGE
from otel_crumbs.event import ExceptionInfo, Frame
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.export import Outcome, Verdict
from otel_crumbs.export.sentry.dsn import read_dsn
from otel_crumbs.export.sentry.exporter import SentryExporter, envelope_of, parse_rate_limits
from otel_crumbs.export.sentry.frames import is_in_app, shorten_path
from otel_crumbs.export.sentry.payload import payload_of
from tests.export.events import CELERY_TRACEBACK, NOW, chained, event_of, raised
from tests.export.receiver import Receiver, Reply, receiving
from tests.export.schemas import assert_valid_envelope

needs_groups = pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


def sent(receiver: Receiver, **fields: Any) -> Outcome:
    """Return what became of an event."""
    exporter = SentryExporter(read_dsn(f"{receiver.url.replace('://', '://public:secret@')}/relay/42"))
    try:
        return exporter.export(event_of(**fields), 5.0)
    finally:
        exporter.shutdown()


def test_an_event_is_an_envelope_of_one_item(receiver: Receiver) -> None:
    """Below the path of the DSN, with the public key alone in the header that every tracker reads."""
    sent(receiver)

    request = receiver.request
    assert request.path == "/relay/api/42/envelope/"
    assert request.headers["Content-Type"] == "application/x-sentry-envelope"
    assert request.headers["Content-Encoding"] == "gzip"
    assert "sentry_key=public, sentry_version=7" in request.headers["X-Sentry-Auth"]
    assert "secret" not in str(request.headers)
    header, item_header, payload = request.envelope
    assert header["event_id"] == payload["event_id"]
    assert header["sent_at"].endswith("Z")
    assert item_header["type"] == "event"
    assert_valid_envelope(request.body)


def test_what_is_known_of_the_application_stands_where_sentry_looks_for_it() -> None:
    """Release, environment, server and trace are fields; the rest of the resource is a context, the best of it tags."""
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


def test_the_environment_has_an_older_name_too() -> None:
    """Resources of before semantic conventions 1.27 have that."""
    payload = payload_of(event_of(resource={"deployment.environment": "production", "service.version": "a/b\nc"}))

    assert payload["environment"] == "production"
    assert payload["release"] == "a-b-c"
    assert payload["server_name"]


def test_a_chain_begins_with_the_cause() -> None:
    """Each exception says which it belongs to."""
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


def test_notes_stand_behind_what_an_exception_says() -> None:
    """As sentry-python has them: there is no field for them."""
    event = event_of()
    noted = replace(event, exceptions=(replace(event.exception, notes=("shelf 7", "tried twice")),))

    [value] = payload_of(noted)["exception"]["values"]

    assert value["value"] == "no lamps left\nshelf 7\ntried twice"


def test_how_many_were_held_back_is_a_tag() -> None:
    """Every tracker shows tags."""
    payload = payload_of(event_of(held_back=12))

    assert payload["tags"]["otel_crumbs.held_back"] == "12"
    assert payload["contexts"]["otel_crumbs"]["held_back"] == 12
    assert "otel_crumbs.held_back" not in payload_of(event_of())["tags"]


@needs_groups
def test_a_group_says_so_and_its_members_belong_to_it() -> None:
    """As Sentry draws its trees of exceptions."""
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


def test_frames_have_the_source_around_their_line() -> None:
    """The innermost comes last."""
    error = payload_of(event_of())["exception"]["values"][-1]

    frame = error["stacktrace"]["frames"][-1]
    assert frame["function"] == "fail"
    assert frame["context_line"].strip() == 'raise OutOfStockError("no lamps left") from error'
    assert [line.strip() for line in frame["pre_context"]][-1] == "except KeyError as error:"
    assert len(frame["post_context"]) == 5
    assert frame["filename"] == "tests/export/events.py"
    assert frame["abs_path"].endswith("tests/export/events.py")
    assert frame["in_app"] is True
    assert "vars" not in frame


def careless() -> None:
    """Fail near a password."""
    password = "hunter2"  # noqa: S105 - what the test is about
    raise ValueError(password[:0])


# Far enough from the password not to stand among the lines around it.


def test_secrets_in_source_lines_are_taken_out() -> None:
    """A file is read after everything else was scrubbed."""
    payload = payload_of(event_of(raised(careless)), Scrubber().scrub_text)

    assert "hunter2" not in str(payload)
    assert "[scrubbed]" in str(payload["exception"]["values"][-1]["stacktrace"]["frames"][-1])


@pytest.mark.parametrize(
    ("path", "module", "expected"),
    [
        ("/app/shop/views.py", "shop.views", True),
        ("/app/manage.py", "__main__", True),
        ("<string>", None, True),
        ("C:\\app\\shop\\views.py", "shop.views", True),
        ("/venv/lib/python3.12/site-packages/django/core/handlers/base.py", "django.core.handlers.base", False),
        ("/usr/lib/python3/dist-packages/requests/api.py", "requests.api", False),
        ("/usr/lib/python3.11/json/decoder.py", "json.decoder", False),
        ("C:\\venv\\Lib\\site-packages\\django\\views.py", "django.views", False),
        (str(Path(sysconfig.get_path("stdlib")) / "asyncio" / "tasks.py"), "asyncio.tasks", False),
        (str(Path(sysconfig.get_path("scripts")) / "gunicorn"), "__main__", False),
        ("<frozen runpy>", "runpy", False),
        ("/src/otel_crumbs/trails/operation_block.py", "otel_crumbs.trails.operation_block", False),
        ("/src/opentelemetry/trace.py", "opentelemetry.trace", False),
        ("/src/otel_crumbs_shop/views.py", "otel_crumbs_shop.views", True),
    ],
)
def test_the_applications_own_frames_are_marked(path: str, module: str | None, *, expected: bool) -> None:
    """Trackers group by them, and show them first."""
    assert is_in_app(Frame(path=path, line=1, function="f", module=module)) is expected


@pytest.mark.parametrize(
    ("path", "module", "expected"),
    [
        ("/app/shop/views.py", "shop.views", "shop/views.py"),
        ("/app/shop/__init__.py", "shop", "shop/__init__.py"),
        ("C:\\app\\shop\\views.py", "shop.views", "shop/views.py"),
        ("/app/manage.py", "__main__", "manage.py"),
        ("manage.py", "__main__", "manage.py"),
        ("tools/run.py", None, "tools/run.py"),
        ("<string>", None, "<string>"),
    ],
)
def test_a_file_is_shown_as_one_would_import_it(path: str, module: str | None, expected: str) -> None:
    """The same on every machine, so that events are grouped."""
    assert shorten_path(Frame(path=path, line=1, function="f", module=module)) == expected


def test_frames_are_read_from_a_text_where_there_is_nothing_else() -> None:
    """What Celery recorded of a task has a stack trace, and a cause, like any other exception."""
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


def test_no_file_is_read_because_a_text_names_it(tmp_path: Path) -> None:
    """The text may come from a peer, and the file be none of its business."""
    private = tmp_path / "private.txt"
    private.write_text("the key to everything\n", encoding="utf-8")
    info = ExceptionInfo(type="grpc.RpcError", message="")
    text = f'Traceback (most recent call last):\n  File "{private}", line 1, in nowhere\ngrpc.RpcError\n'

    payload = payload_of(event_of(exceptions=(info,), stacktrace=text))

    assert "the key to everything" not in str(payload)
    assert payload["exception"]["values"][0]["stacktrace"]["frames"][0]["abs_path"] == str(private)


def test_a_text_that_is_no_traceback_is_kept_as_it_is() -> None:
    """And what belongs together is found by the type."""
    info = ExceptionInfo(type="RpcError", message="gone")

    payload = payload_of(event_of(exceptions=(info,), stacktrace="at Shop.buy(Shop.java:7)\nat Main.main(Main.java:1)"))

    assert payload["extra"]["stacktrace"].startswith("at Shop.buy")
    assert payload["fingerprint"] == ["RpcError", "GET checkout/<int:number>", "operation"]
    assert "stacktrace" not in payload["exception"]["values"][0]


def test_a_breadcrumb_reports_its_story_by_its_message_and_by_its_data() -> None:
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


def test_what_was_cut_is_said() -> None:
    """Trackers show where there was more."""
    long = Breadcrumb(timestamp=NOW, message="x" * (MAX_MESSAGE - 1) + "…")

    payload = payload_of(event_of(breadcrumbs=(Breadcrumb(timestamp=NOW, message="short"), long), dropped=150))

    assert payload["_meta"]["breadcrumbs"][""] == {"len": 152}
    assert list(payload["_meta"]["breadcrumbs"]["values"]) == ["1"]
    assert "_meta" not in payload_of(event_of(dropped=0))


def test_a_nul_is_shown_as_a_character_that_databases_keep() -> None:
    """And what only looks like one is left alone."""
    messages = ("a\0b\0", "\\u0000", "\\\0")
    event = event_of(breadcrumbs=tuple(Breadcrumb(timestamp=NOW, message=message) for message in messages))

    payload = json.loads(envelope_of(event).split(b"\n")[2])

    kept = [breadcrumb["message"] for breadcrumb in payload["breadcrumbs"]["values"]]
    assert kept == ["a\ufffdb\ufffd", "\\u0000", "\\\ufffd"]


def test_an_event_stays_small_enough_for_trackers_however_deep_it_went() -> None:
    """They refuse more than a mebibyte, and the innermost frames matter most."""
    event = event_of(chained(31))

    body = envelope_of(event)

    values = payload_of(event)["exception"]["values"]
    assert len(body) < 900_000
    assert len(values) == 32
    assert "context_line" in values[-1]["stacktrace"]["frames"][-1]
    assert payload_of(event)["_meta"]["exception"]["values"]["0"]["stacktrace"]["frames"][""]["len"] == 100
    assert_valid_envelope(body)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("60::key, 86400:transaction;span:organization", 60.0),
        ("86400:transaction;span:organization", None),
        ("60:error:project, 120:default;security:organization:quota", 120.0),
        ("60:transaction:key, 2700:default;error;security:organization", 2700.0),
        ("7", 7.0),
        ("soon::key, -1::key", None),
    ],
)
def test_rate_limits_are_understood(header: str | None, seconds: float | None) -> None:
    """Those of errors, and those of everything."""
    assert parse_rate_limits(header) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-Sentry-Rate-Limits": "30:error:key", "Retry-After": "5"}, 30.0),
        ({"Retry-After": "5"}, 5.0),
        ({}, 60.0),
        ({"X-Sentry-Rate-Limits": "86400:transaction;span:organization"}, 60.0),
    ],
)
def test_a_tracker_with_too_much_to_do_is_left_alone(
    receiver: Receiver, headers: dict[str, str], seconds: float
) -> None:
    """As long as it says, and a minute where it does not."""
    receiver.reply = Reply(status=429, headers=headers)

    outcome = sent(receiver)

    assert (outcome.verdict, outcome.retry_after) == (Verdict.RETRY, seconds)


def test_a_tracker_may_take_an_event_and_want_no_other_for_a_while(receiver: Receiver) -> None:
    """The limit comes with the answer that the last event was taken."""
    receiver.reply = Reply(headers={"X-Sentry-Rate-Limits": "9::key"}, body=b'{"id": "1"}')

    outcome = sent(receiver)

    assert (outcome.verdict, outcome.retry_after) == (Verdict.DELIVERED, 9.0)
