"""A Collector that is away costs the application no more than it agreed to."""

from __future__ import annotations

import subprocess

import pytest

from .applications import Launcher, without_our_words

pytestmark = pytest.mark.e2e

# Only we send then: how long the SDK's own exporters try is their affair.
ONLY_US = {"OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}

# Machines under load are slow; an exit that waits for retries takes longer than this.
SECONDS_OF_GRACE = 4.0


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
@pytest.mark.parametrize("endpoint", ["refused", "silent"])
@pytest.mark.parametrize("flush_timeout", ["0", "1"])
def test_an_exit_waits_no_longer_than_the_flush_timeout(
    launcher: Launcher, silent_endpoint: str, protocol: str, endpoint: str, flush_timeout: str
) -> None:
    """Whether the Collector refuses or says nothing, a dying script ends in time, and as it would without us."""
    variables = {
        **ONLY_US,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_ENDPOINT": silent_endpoint if endpoint == "silent" else "http://127.0.0.1:1",
        "OTEL_CRUMBS_FLUSH_TIMEOUT": flush_timeout,
    }
    others = launcher.run_without_us("nightly_job.py", **variables)
    ours = launcher.run("nightly_job.py", **variables)

    assert without_our_words(ours) == others.seen
    assert ours.seconds < others.seconds + float(flush_timeout) + SECONDS_OF_GRACE


@pytest.mark.parametrize("endpoint", ["refused", "silent"])
def test_somebody_says_that_an_event_was_not_delivered(launcher: Launcher, silent_endpoint: str, endpoint: str) -> None:
    """An event that is lost with the process leaves a word on the terminal, and the spans arrive as ever."""
    away = silent_endpoint if endpoint == "silent" else "http://127.0.0.1:1"
    finished = launcher.run(
        "nightly_job.py",
        OTEL_LOGS_EXPORTER="none",
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=f"{away}/v1/logs",
        OTEL_CRUMBS_FLUSH_TIMEOUT="1",
        OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="logging",
    )

    assert b"otel_crumbs" in finished.stderr.replace(b"import otel_crumbs", b"")
    assert [span.name for span in launcher.received().spans] == ["GET"]


@pytest.mark.parametrize("way", ["leave", "thread", "logged"])
def test_every_way_to_end_is_quick(launcher: Launcher, silent_endpoint: str, way: str) -> None:
    """An orderly exit with an event on its way waits no longer than a crash."""
    variables = {**ONLY_US, "OTEL_EXPORTER_OTLP_ENDPOINT": silent_endpoint, "OTEL_CRUMBS_FLUSH_TIMEOUT": "1"}
    others = launcher.run_without_us("ways_to_fail.py", way, **variables)
    ours = launcher.run("ways_to_fail.py", way, **variables)

    assert ours.code == others.code
    assert ours.seconds < others.seconds + 1 + SECONDS_OF_GRACE


def test_the_traceback_does_not_wait_for_the_collector(launcher: Launcher, silent_endpoint: str) -> None:
    """What the terminal shows of a crash is there at once, and only then the process tries to deliver."""
    variables = {**ONLY_US, "OTEL_EXPORTER_OTLP_ENDPOINT": silent_endpoint, "OTEL_CRUMBS_FLUSH_TIMEOUT": "30"}
    with launcher.start("nightly_job.py", **variables) as process:
        try:
            assert process.stderr
            shown = [
                line for line in iter(process.stderr.readline, b"RuntimeError: nothing left in the north\n") if line
            ]
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(2)
        finally:
            process.kill()

    assert b"Traceback (most recent call last):\n" in shown
