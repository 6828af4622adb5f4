"""Scripts that die: what arrives of them, and what their terminal shows."""

from __future__ import annotations

import sys

import pytest

from tests.collector.otelcol import Collector
from tests.collector.received import LogRecord

from .applications import Launcher

pytestmark = pytest.mark.e2e

FATAL, ERROR = 21, 17

# How a script of `ways_to_fail.py` ends: exit code, and severity and type of its event if there is one.
ENDS = {
    "uncaught": (1, FATAL, "__main__.JobError"),
    "group": (1, FATAL, "ExceptionGroup|__main__.JobError"),
    "coroutine": (1, FATAL, "__main__.JobError"),
    "own_hook": (1, FATAL, "__main__.JobError"),
    "hostile": (1, FATAL, "__main__.HostileError"),
    "unreachable": (1, FATAL, "requests.exceptions.ConnectionError"),
    "child_process": (0, FATAL, "__main__.JobError"),
    "thread": (0, ERROR, "__main__.JobError"),
    "task": (0, ERROR, "__main__.JobError"),
    "finalizer": (0, ERROR, "__main__.JobError"),
    "logged": (0, ERROR, "__main__.JobError"),
    "leave": (3, None, None),
    "complain": (1, None, None),
    "interrupted": (-2, None, None),
}


def every_way(**broken: pytest.MarkDecorator) -> pytest.MarkDecorator:
    """Return the mark that runs a test in every way, of which some are known to be broken."""
    ways = [pytest.param(way, marks=[broken[way]] if way in broken else []) for way in sorted(ENDS)]
    return pytest.mark.parametrize("way", ways)


a_frame_of_ours = pytest.mark.xfail(
    sys.version_info < (3, 11), reason="Python 3.10 shows the frame of whoever raises an exception again"
)


def categories(event: LogRecord) -> list[str]:
    """Return the trail in short."""
    return [crumb["category"] for crumb in event.trail]


def test_a_script_that_dies_is_one_fatal_event_with_its_trail(launcher: Launcher) -> None:
    """The call, the log line and the note by hand are in the trail, in order, each with message and data."""
    launcher.run("nightly_job.py")

    [event] = launcher.received().events
    assert (event.severity_number, event.severity_text) == (FATAL, "FATAL")
    assert event.attributes["exception.message"] == "nothing left in the north"
    assert event.attributes["otel_crumbs.handled"] is False
    call, line, note = event.trail
    assert "/stock -> 200 in " in call["message"]
    assert (call["category"], call["type"], call["data"]["status_code"]) == ("http", "http", 200)
    assert (line["category"], line["level"]) == ("nightly", "warning")
    assert line["message"] == "warehouse north answers 200"
    assert line["data"]["warehouse"] == "north"
    assert (note["category"], note["level"], note["message"]) == ("nightly.stock", "warning", "stock counted")
    assert note["data"] == {"left": {"A-1": 0}}


def test_a_script_that_dies_looks_the_same_without_us(launcher: Launcher) -> None:
    """Exit code, output and the traceback on the terminal are the same to the byte."""
    ours = launcher.run("nightly_job.py")
    others = launcher.run_without_us("nightly_job.py")

    assert launcher.received_without_us().events == []
    assert b"RuntimeError: nothing left in the north" in others.stderr
    assert ours.seen == others.seen


@every_way(unreachable=a_frame_of_ours, child_process=a_frame_of_ours)
def test_a_script_ends_as_it_would_without_us(launcher: Launcher, way: str) -> None:
    """Whatever way it fails in, exit code, output and traceback are the same to the byte."""
    ours = launcher.run("ways_to_fail.py", way)
    others = launcher.run_without_us("ways_to_fail.py", way)

    assert others.code == ENDS[way][0]
    assert ours.seen == others.seen


@every_way()
def test_a_failure_is_one_event_and_an_exit_is_none(launcher: Launcher, way: str) -> None:
    """Each mechanism reports what it notices, once, with the log line before it; leaving is no failure."""
    _, severity, kinds = ENDS[way]
    launcher.run("ways_to_fail.py", way)

    events = launcher.received().events
    if severity is None:
        assert events == []
        return
    [event] = events
    assert event.severity_number == severity
    assert event.attributes["exception.type"] in str(kinds).split("|")
    assert event.attributes["otel_crumbs.handled"] is (way == "logged")
    assert "about to fail" in [crumb["message"] for crumb in event.trail]


@every_way(unreachable=a_frame_of_ours, child_process=a_frame_of_ours)
def test_logging_set_up_by_the_script_still_works(launcher: Launcher, way: str) -> None:
    """Without OpenTelemetry's own log handler `logging.basicConfig` prints what it would print without us."""
    variables = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "logging", "OTEL_LOGS_EXPORTER": "none"}
    ours = launcher.run("ways_to_fail.py", way, **variables)
    others = launcher.run_without_us("ways_to_fail.py", way, **variables)

    assert b"INFO ways_to_fail.py:" in others.stderr
    assert ours.seen == others.seen


@pytest.mark.parametrize("sampler", ["always_on", "always_off"])
def test_an_exception_keeps_the_trail_of_the_spans_that_it_left(launcher: Launcher, sampler: str) -> None:
    """When the hook sees it every span has ended, and still the event has their trail and their ids."""
    launcher.run("leaves_a_span.py", "INTERNAL", OTEL_TRACES_SAMPLER=sampler)

    received = launcher.received()
    [event] = received.events
    messages = [crumb["message"] for crumb in event.trail]
    assert event.severity_number == FATAL
    assert "the import begins" in messages
    assert "the header has 3 columns" in messages
    assert {"importer", "file opened", "span"} <= set(categories(event))
    assert [crumb["data"].get("line") for crumb in event.trail if "line" in crumb["data"]] == [17]
    innermost = [crumb["span_id"] for crumb in event.trail if "line" in crumb["data"]]
    assert [event.span_id] == innermost
    exported = {span.trace_id for span in received.spans}
    assert exported == ({event.trace_id} if sampler == "always_on" else set())


@pytest.mark.parametrize("kind", ["SERVER", "CONSUMER"])
def test_an_operation_that_ends_the_process_is_one_event(launcher: Launcher, kind: str) -> None:
    """The exception passes the end of the operation and then the hook; it is reported once, with its own trail."""
    launcher.run("leaves_a_span.py", kind)

    [event] = launcher.received().events
    assert event.attributes["otel_crumbs.operation"] == "import"
    assert "the header has 3 columns" in [crumb["message"] for crumb in event.trail]
    assert "the import begins" not in [crumb["message"] for crumb in event.trail]


@pytest.mark.parametrize("sampler", ["always_on", "always_off"])
def test_the_hook_alone_reports_the_trail_of_the_operation_that_was_left(launcher: Launcher, sampler: str) -> None:
    """Where only the hook reports, the operation is over when it runs, and its trail is in the event all the same."""
    launcher.run("leaves_a_span.py", "CONSUMER", OTEL_CRUMBS_CAPTURE="excepthook", OTEL_TRACES_SAMPLER=sampler)

    [event] = launcher.received().events
    assert event.severity_number == FATAL
    assert event.attributes["otel_crumbs.operation"] == "import"
    assert "the header has 3 columns" in [crumb["message"] for crumb in event.trail]
    assert "the import begins" not in [crumb["message"] for crumb in event.trail]


def test_a_trail_that_is_full_keeps_the_newest_and_counts_the_rest(launcher: Launcher) -> None:
    """With room for two breadcrumbs the third takes the place of the first."""
    launcher.run("nightly_job.py", OTEL_CRUMBS_MAX_BREADCRUMBS="2")

    [event] = launcher.received().events
    assert categories(event) == ["nightly", "nightly.stock"]
    assert (event.attributes["otel_crumbs.count"], event.attributes["otel_crumbs.dropped"]) == (2, 1)


def test_the_console_shows_what_the_collector_gets(launcher: Launcher) -> None:
    """With both exporters the event arrives, and its trail stands on the terminal too."""
    finished = launcher.run("nightly_job.py", OTEL_CRUMBS_EXPORTER="console,otlp")

    [event] = launcher.received().events
    for crumb in event.trail:
        assert crumb["message"].encode() in finished.stderr


def test_the_exporter_none_sends_nothing(launcher: Launcher) -> None:
    """The script ends as ever, its own telemetry arrives, and no event does."""
    finished = launcher.run("nightly_job.py", OTEL_CRUMBS_EXPORTER="none")

    received = launcher.received()
    assert finished.code == 1
    assert [span.name for span in received.spans] == ["GET"]
    assert received.events == []


def test_nothing_is_recorded_where_it_is_switched_off(launcher: Launcher) -> None:
    """`OTEL_CRUMBS_ENABLED=false` leaves the application and its telemetry alone."""
    finished = launcher.run("nightly_job.py", OTEL_CRUMBS_ENABLED="false")

    received = launcher.received()
    assert finished.code == 1
    assert [span.name for span in received.spans] == ["GET"]
    assert received.events == []


def test_the_protocol_that_the_distro_chooses_is_ours_too(launcher: Launcher, collector: Collector) -> None:
    """Where nobody sets a protocol `opentelemetry-instrument` means gRPC, and the event goes that way."""
    launcher.run("nightly_job.py", OTEL_EXPORTER_OTLP_ENDPOINT=collector.grpc, OTEL_EXPORTER_OTLP_PROTOCOL="")

    received = launcher.received()
    assert [span.name for span in received.spans] == ["GET"]
    assert len(received.events) == 1


def test_a_fork_has_a_trail_of_its_own(launcher: Launcher) -> None:
    """The child's event knows nothing from before the fork, and the parent's nothing of the child."""
    finished = launcher.run("forks.py")

    child, parent = sorted(launcher.received().events, key=lambda event: str(event.body))
    assert (finished.code, finished.stdout) == (1, b"the child ended with 1\n")
    assert [crumb["message"] for crumb in child.trail] == ["in the child"]
    assert [crumb["message"] for crumb in parent.trail] == ["before the fork", "in the parent"]
