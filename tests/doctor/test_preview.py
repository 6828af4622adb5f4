"""`otel-crumbs doctor --show-event`, as people run it: what would leave, and nothing leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run
from tests.export.receiver import receiving

SECRET = "correct-horse-battery-staple"  # noqa: S105 - nobody's
PERSONAL = "ada@shop.example"


def settings_of(exporter: str, endpoint: str) -> dict[str, str]:
    """Return the environment in which an exporter sends to an endpoint, by settings with secrets of their own."""
    port = endpoint.rpartition(":")[2].strip("/")
    return {
        "OTEL_CRUMBS_EXPORTER": exporter,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_HEADERS": f"api-key={SECRET}",
        "OTEL_CRUMBS_HTTP_ENDPOINT": f"http://shop:{SECRET}@127.0.0.1:{port}/in",
        "OTEL_CRUMBS_SENTRY_DSN": f"http://{'5' * 32}@127.0.0.1:{port}/1",
        "OTEL_SERVICE_NAME": "patient",
    }


@pytest.mark.parametrize("exporter", ["otlp", "http", "sentry", "console", "app_logs"])
def test_the_event_is_shown_and_not_sent(tmp_path: Path, exporter: str) -> None:
    """The secrets of its trail are taken out, as they would be; what is personal stays by default."""
    with receiving() as receiver:
        done = run(tmp_path, "doctor", "--show-event", env=settings_of(exporter, receiver.url))

        assert receiver.requests == []
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"# {exporter}")
    assert SECRET not in done.stdout + done.stderr
    assert "5" * 32 not in done.stdout + done.stderr
    assert "[scrubbed: password]" in done.stdout
    assert PERSONAL in done.stdout


def test_each_exporter_is_shown_in_one_document(tmp_path: Path) -> None:
    """A body that is JSON is a value there; the document of `http` is the one of the schema."""
    with receiving() as receiver:
        done = run(tmp_path, "doctor", "--show-event", "--json", env=settings_of("otlp,http,console", receiver.url))

    document: dict[str, Any] = json.loads(done.stdout)
    otlp, http, console = document["exporters"]
    [record] = otlp["body"]["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert (otlp["exporter"], record["eventName"]) == ("otlp", "exception")
    assert http["body"]["mechanism"] == "doctor"
    assert len(http["body"]["breadcrumbs"]) == 3
    assert "DoctorTest" in console["body"]


def test_what_a_hook_does_is_seen(tmp_path: Path) -> None:
    """`before_send` is asked as it would be."""
    (tmp_path / "hooks.py").write_text("def drop(event):\n    return None\n")
    variables = {"OTEL_CRUMBS_BEFORE_SEND": "hooks:drop", "PYTHONPATH": str(tmp_path)}

    done = run(tmp_path, "doctor", "--show-event", env=variables)

    assert done.returncode == 1
    assert "before_send drops it" in done.stderr


def test_it_is_that_or_a_test_event(tmp_path: Path) -> None:
    """Two wishes at once are refused."""
    done = run(tmp_path, "doctor", "--show-event", "--no-send")

    assert done.returncode == 2
    assert "not allowed with" in done.stderr
