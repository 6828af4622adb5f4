"""`otel-crumbs doctor`, as people run it."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from otel_crumbs.demo.receiver import Receiver
from otel_crumbs.setup.config import MECHANISMS
from tests.commands import INSTRUMENT, OTEL_CRUMBS, run


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with Receiver() as running:
        yield running


@pytest.fixture
def deaf_endpoint() -> Iterator[str]:
    """Listen, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def section(output: str, title: str) -> str:
    """Return a section of the report."""
    return output.partition(f"{title}\n")[2].partition("\n\n")[0]


def test_all_is_well_if_the_collector_takes_the_event(tmp_path: Path, receiver: Receiver) -> None:
    """It has arrived, with a trail and a resource."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_SERVICE_NAME": "patient"}

    done = run(tmp_path, "doctor", env=variables)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "All is well" in done.stdout
    [event] = receiver.list_events()
    assert event.event_id in done.stdout
    assert event.attributes["otel_crumbs.mechanism"] == "doctor"
    assert event.resource["service.name"] == "patient"
    assert [crumb["category"] for crumb in event.breadcrumbs] == ["otel_crumbs.doctor"]


def test_a_dead_endpoint_is_named_with_the_reason(tmp_path: Path) -> None:
    """Nobody listens on the discard port."""
    done = run(tmp_path, "doctor", env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})

    assert done.returncode == 1
    result = section(done.stdout, "Test event")
    assert "✗ otlp  http://127.0.0.1:9/v1/logs (http/protobuf)" in result
    assert "not taken: not reached: " in result
    assert "refused" in result
    assert "Is a collector listening there?" in done.stdout


def test_an_endpoint_that_never_answers_is_not_waited_for(tmp_path: Path, deaf_endpoint: str) -> None:
    """The timeout is kept."""
    started = monotonic()

    done = run(tmp_path, "doctor", "--timeout", "1", env={"OTEL_EXPORTER_OTLP_ENDPOINT": deaf_endpoint})

    assert done.returncode == 1
    assert monotonic() - started < 20, "ten seconds are the SDK's own timeout, for one attempt"


def test_an_endpoint_that_refuses_is_quoted(tmp_path: Path, receiver: Receiver) -> None:
    """Somebody answers there, who knows no such path."""
    done = run(tmp_path, "doctor", env={"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{receiver.endpoint}/elsewhere"})

    assert done.returncode == 1
    assert "not taken: answered 404" in done.stdout
    assert "somebody answered" in done.stdout


def test_nothing_is_sent_if_nobody_wants_it(tmp_path: Path, receiver: Receiver) -> None:
    """`--no-send`, and the exporter `none`."""
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint}

    unsent = run(tmp_path, "doctor", "--no-send", env=variables)
    none = run(tmp_path, "doctor", env=variables | {"OTEL_CRUMBS_EXPORTER": "none"})

    assert (unsent.returncode, none.returncode) == (0, 0)
    assert "Test event" not in unsent.stdout
    assert "the exporter is none" in none.stdout
    assert receiver.list_events() == []


@pytest.mark.parametrize("variable", ["OTEL_CRUMBS_ENABLED=false", "OTEL_SDK_DISABLED=true"])
def test_what_is_switched_off_is_said_so(tmp_path: Path, receiver: Receiver, variable: str) -> None:
    """Nothing is sent then."""
    name, _, value = variable.partition("=")

    done = run(tmp_path, "doctor", env={name: value, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint})

    assert done.returncode == 0
    assert "switched off" in section(done.stdout, "In place")
    assert receiver.list_events() == []


def test_settings_say_where_they_came_from(tmp_path: Path) -> None:
    """A bad one means the default, and says so."""
    variables = {"OTEL_CRUMBS_MAX_BREADCRUMBS": "50", "OTEL_CRUMBS_FLUSH_TIMEOUT": "soon"}

    done = run(tmp_path, "doctor", "--no-send", env=variables)

    settings = " ".join(section(done.stdout, "Settings").split())
    assert re.search(r"max_breadcrumbs +50 +environment: OTEL_CRUMBS_MAX_BREADCRUMBS", settings)
    assert re.search(r"flush_timeout +2.0 +default: OTEL_CRUMBS_FLUSH_TIMEOUT expects .* not 'soon'", settings)
    assert re.search(r"otlp_format +nested +default", settings)
    assert re.search(r"before_send +none +default", settings)
    assert "OTEL_CRUMBS_FLUSH_TIMEOUT expects" in section(done.stdout, "Warnings")


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    """A report is made to be pasted into an issue."""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://ada:s3cret@127.0.0.1:9/?token=s3cret",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer s3cret,x-team=s3cret",
        "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "s3cret",
        "OTEL_RESOURCE_ATTRIBUTES": "api_key=s3cret,team=shop",
        "HTTP_PROXY": "http://ada:s3cret@127.0.0.1:9",
        "OTEL_CRUMBS_HTTP_HEADERS": "x-key=s3cret",
        "OTEL_CRUMBS_HTTP_ENDPOINT": "http://ada:s3cret@127.0.0.1:9/",
        "OTEL_CRUMBS_SENTRY_DSN": "http://s3cret@127.0.0.1:9/1",
        "OTEL_CRUMBS_EXPORTER": "otlp,http,sentry",
    }

    for arguments in (["doctor"], ["doctor", "--json"]):
        done = run(tmp_path, *arguments, env=variables)

        assert "s3cret" not in done.stdout + done.stderr
        assert "authorization=[scrubbed: secret]" in done.stdout
        assert "team=shop" in done.stdout


def test_hooks_and_what_they_wait_for_are_listed(tmp_path: Path) -> None:
    """Without an SDK, logs and hooks work; the rest is attached later."""
    done = run(tmp_path, "doctor", "--no-send", env={"OTEL_CRUMBS_CAPTURE": "excepthook"})

    hooks = " ".join(section(done.stdout, "In place").split())
    shut = ", ".join(mechanism for mechanism in MECHANISMS if mechanism != "excepthook")
    assert "main thread" in hooks
    assert f"mechanisms turned off {shut}" in hooks
    assert "• tracer provider none yet" in hooks


def test_json_says_the_same(tmp_path: Path, receiver: Receiver) -> None:
    """One document, with the exit code's meaning in it."""
    done = run(tmp_path, "doctor", "--json", env={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint})

    report = json.loads(done.stdout)
    assert report["well"] is True
    assert [(row["name"], row["state"]) for row in report["test_event"]] == [("otlp", "good")]
    assert {"name": "otlp_format", "value": "nested", "remark": "default", "state": "plain"} in report["settings"]


def test_a_terminal_without_unicode_gets_plain_signs(tmp_path: Path) -> None:
    """Encoding fails for nothing."""
    done = run(
        tmp_path, "doctor", env={"PYTHONIOENCODING": "ascii", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    )

    assert done.returncode == 1
    assert "X otlp" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.e2e
def test_an_instrumented_process_shows_what_is_active(tmp_path: Path, receiver: Receiver) -> None:
    """An application that is started this way has the same."""
    pytest.importorskip("opentelemetry.distro")
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_SAMPLER": "always_off",
    }

    done = run(tmp_path, *OTEL_CRUMBS, "doctor", start=INSTRUMENT, env=variables)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"✓ requests +\S+ +active", section(done.stdout, "Instrumentations"))
    assert re.search(r"✓ tracer provider +TracerProvider +sampler AlwaysOff", done.stdout)
    assert len(receiver.list_events()) == 1


@pytest.mark.e2e
def test_an_instrumented_process_ends_soon_with_a_dead_endpoint(tmp_path: Path) -> None:
    """The SDK's exporters would try for a while yet."""
    pytest.importorskip("opentelemetry.distro")
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}

    done = run(tmp_path, *OTEL_CRUMBS, "doctor", start=INSTRUMENT, env=variables)

    assert done.returncode == 1
    assert "The test event was not taken" in done.stdout


def test_secrets_of_the_exporters_are_not_shown(tmp_path: Path) -> None:
    """A DSN may be so wrong that nobody knows which part is the key; then none of it is shown."""
    variables = {
        "OTEL_CRUMBS_EXPORTER": "http,sentry",
        "OTEL_CRUMBS_HTTP_ENDPOINT": "http://user:verysecret@127.0.0.1:9/events?token=verysecret",
        "OTEL_CRUMBS_HTTP_HEADERS": "Authorization=verysecret",
    }

    outputs = [
        run(tmp_path, "doctor", env={**variables, "OTEL_CRUMBS_SENTRY_DSN": dsn}).stdout
        for dsn in ("http://verysecret@127.0.0.1:9/4", "verysecret@127.0.0.1/4")
    ]

    assert "verysecret" not in "".join(outputs)
    assert "http://127.0.0.1:9/api/4/envelope/ was not reached" in re.sub(r"\s+", " ", outputs[0])
    assert "sentry  could not be set up" in outputs[1]
