"""Bad input: a clear word about it, the application as ever, and nothing else lost."""

from __future__ import annotations

import json

import pytest

from .applications import Finished, Launcher, without_our_words

pytestmark = pytest.mark.e2e


def complaints(launcher: Launcher, finished: Finished) -> str:
    """Return what was said about us: on the terminal, or in the log records that the application exports."""
    exported = [str(log.body) for log in launcher.received().application_logs if log.scope.startswith("otel_crumbs")]
    printed = [line for line in finished.stderr.decode().splitlines() if "otel_crumbs" in line.lower()]
    return "\n".join([*exported, *printed])


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_CRUMBS_EXPORTER", "carrier-pigeon"),
        ("OTEL_CRUMBS_MAX_BREADCRUMBS", "many"),
        ("OTEL_CRUMBS_MAX_BREADCRUMBS", "-3"),
        ("OTEL_CRUMBS_MAX_EVENT_BYTES", "1.5 MB"),
        ("OTEL_CRUMBS_FLUSH_TIMEOUT", "soon"),
        ("OTEL_CRUMBS_LOG_LEVEL", "loud"),
        ("OTEL_CRUMBS_RECORD_UNSAMPLED", "perhaps"),
        ("OTEL_CRUMBS_OTLP_FORMAT", "xml"),
        ("OTEL_CRUMBS_CAPTURE", "everything"),
        ("OTEL_CRUMBS_BEFORE_SEND", "no colon"),
        ("OTEL_CRUMBS_BEFORE_SEND", "no_such_module:hook"),
        ("OTEL_CRUMBS_BEFORE_BREADCRUMB", "bad_hooks:no_such_hook"),
        ("OTEL_CRUMBS_ENABLED", "maybe"),
    ],
)
def test_a_bad_variable_is_named_and_means_the_default(launcher: Launcher, variable: str, value: str) -> None:
    """The warning holds the variable's name and its value, and the event arrives as if it had not been set."""
    finished = launcher.run("nightly_job.py", **{variable: value})

    [event] = launcher.received().events
    assert [crumb["category"] for crumb in event.trail] == ["http", "nightly", "nightly.stock"]
    assert variable in complaints(launcher, finished)
    assert repr(value) in complaints(launcher, finished)
    assert without_our_words(finished) == launcher.run_without_us("nightly_job.py").seen


@pytest.mark.parametrize(
    "options",
    [
        {"exporter": "carrier-pigeon"},
        {"max_breadcrumbs": "many"},
        {"flush_timeout": -1},
        {"before_send": "bad_hooks:no_such_hook"},
        {"no_such_setting": 1},
    ],
    ids=json.dumps,
)
def test_a_bad_argument_is_an_error_that_names_it(launcher: Launcher, options: dict[str, object]) -> None:
    """`install()` raises `ConfigError` with the argument's name and what it got."""
    finished = launcher.run("bad_install.py", json.dumps(options))

    [(name, value)] = options.items()
    assert finished.code == 0
    assert name in finished.stdout.decode()
    assert repr(value if name != "no_such_setting" else name) in finished.stdout.decode()


@pytest.mark.parametrize("hook", ["bad_hooks:raises", "bad_hooks:returns_nonsense"])
@pytest.mark.parametrize("variable", ["OTEL_CRUMBS_BEFORE_SEND", "OTEL_CRUMBS_BEFORE_BREADCRUMB"])
def test_a_broken_hook_is_named_and_costs_no_event(launcher: Launcher, variable: str, hook: str) -> None:
    """When the user's hook fails the event goes out as it was, and somebody says which hook it was."""
    finished = launcher.run("nightly_job.py", **{variable: hook})

    others = launcher.run_without_us("nightly_job.py")
    [event] = launcher.received().events
    assert [crumb["category"] for crumb in event.trail] == ["http", "nightly", "nightly.stock"]
    assert variable.removeprefix("OTEL_CRUMBS_").lower() in complaints(launcher, finished).lower()
    assert without_our_words(finished) == others.seen


def test_an_exception_that_cannot_be_shown_is_an_event(launcher: Launcher) -> None:
    """An exception whose `__str__` raises arrives with its type, its traceback and its trail."""
    launcher.run("ways_to_fail.py", "hostile")

    [event] = launcher.received().events
    assert event.attributes["exception.type"].endswith("HostileError")
    assert "raise HostileError" in event.attributes["exception.stacktrace"]
    assert [crumb["message"] for crumb in event.trail] == ["about to fail"]


def test_wrong_arguments_are_named_and_cost_no_other_breadcrumb(launcher: Launcher) -> None:
    """Data that is no mapping, a level that is none and the like: the script goes on, and the rest of the trail too."""
    finished = launcher.run("bad_arguments.py")

    [event] = launcher.received().events
    messages = [crumb["message"] for crumb in event.trail]
    assert finished.code == 1
    assert b"\nRuntimeError: the real failure\n" in finished.stderr
    assert messages[0] == "before"
    assert messages[-1] == "after"
    assert {"a list", "a number"} <= set(messages)
    assert "data" in complaints(launcher, finished)
    assert "urgent" in complaints(launcher, finished)
    assert "capture_exception" in complaints(launcher, finished)


def test_wrong_arguments_are_no_fault_of_ours(launcher: Launcher) -> None:
    """No wrong argument is answered with an internal error that the user should report."""
    finished = launcher.run("bad_arguments.py")

    assert "Please report" not in complaints(launcher, finished)
