"""Installing puts everything in place once, uninstalling leaves nothing, and the SDK may come whenever it likes."""

from __future__ import annotations

import asyncio
import atexit
import http.client
import logging
import multiprocessing.process
import os
import signal
import subprocess
import sys
import threading
import warnings
from concurrent import futures
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry import _logs, trace
from opentelemetry._logs import set_logger_provider as set_logger_provider_taken_early
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind
from opentelemetry.trace import set_tracer_provider as set_tracer_provider_taken_early

import otel_crumbs
from otel_crumbs import BreadcrumbLogRecordProcessor, BreadcrumbSpanProcessor, RecordUnsampled
from otel_crumbs.install import get_installation
from otel_crumbs.sources.logs.thresholds import thresholds
from otel_crumbs.testing import CapturedEvents, capture_events
from otel_crumbs.trails import current
from tests.application import Application, messages, new_application, no_global_providers, running_application


def hooks() -> dict[str, Any]:
    """Return everything of Python's that is hooked."""
    return {
        "sys.excepthook": sys.excepthook,
        "threading.excepthook": threading.excepthook,
        "sys.unraisablehook": sys.unraisablehook,
        "asyncio": asyncio.BaseEventLoop.call_exception_handler,
        "create_task": asyncio.BaseEventLoop.create_task,
        "a job's submission": futures.thread._WorkItem.__init__,
        "a job's run": futures.thread._WorkItem.run,
        "a child process": multiprocessing.process.BaseProcess._bootstrap,
        "os._exit": os._exit,
        "SIGTERM": signal.getsignal(signal.SIGTERM),
        "callHandlers": logging.Logger.callHandlers,
        "isEnabledFor": logging.Logger.isEnabledFor,
        "putrequest": http.client.HTTPConnection.putrequest,
        "getresponse": http.client.HTTPConnection.getresponse,
        "endheaders": http.client.HTTPConnection.endheaders,
        "a subprocess that starts": subprocess.Popen._execute_child,
        "wait": subprocess.Popen.wait,
        "communicate": subprocess.Popen.communicate,
        "poll": subprocess.Popen.poll,
        "setter of tracer providers": trace._set_tracer_provider,
        "setter of logger providers": _logs._internal._set_logger_provider,
    }


def parts_of(app: Application) -> dict[str, Any]:
    """Return everything of the application's providers that is changed."""
    return {
        "span processors": app.tracer_provider._active_span_processor._span_processors,
        "log record processors": app.logger_provider._multi_log_record_processor._log_record_processors,
        "sampler": app.tracer_provider.sampler,
        "sampler of a tracer": app.tracer.sampler,
    }


def processors(app: Application) -> list[Any]:
    """Return our span processors on a provider."""
    many = app.tracer_provider._active_span_processor._span_processors
    return [processor for processor in many if isinstance(processor, BreadcrumbSpanProcessor)]


def test_uninstalling_undoes_everything(app: Application) -> None:
    """Hooks, methods, processors, samplers and limits are what they were, the very same objects."""
    before = hooks(), parts_of(app), current.size, thresholds.of("shop")

    installation = otel_crumbs.install(exporter="none", max_breadcrumbs=7, log_level="error")
    during = hooks(), parts_of(app)
    installation.uninstall()

    changed = [name for name, hook in during[0].items() if hook is not before[0][name]]
    assert set(changed) >= set(before[0]) - {"setter of tracer providers", "setter of logger providers"}
    assert all(during[1][name] != part for name, part in before[1].items())
    assert (hooks(), parts_of(app), current.size, thresholds.of("shop")) == before


def test_uninstalling_without_an_sdk_undoes_everything() -> None:
    """The wait for a provider ends too."""
    with no_global_providers():
        before = hooks()

        otel_crumbs.install(exporter="none")
        during = hooks()
        otel_crumbs.uninstall()

        assert [name for name, hook in during.items() if hook is before[name]] == []
        assert hooks() == before


def test_uninstalling_twice_or_never_installed_is_nothing() -> None:
    """It may stand in any teardown."""
    otel_crumbs.uninstall()

    installation = otel_crumbs.install(exporter="none")
    installation.uninstall()
    installation.uninstall()
    otel_crumbs.uninstall()

    assert installation.active is False
    assert get_installation() is None


def test_installing_twice_changes_nothing(app: Application) -> None:
    """The same settings, or none, give the installation that is there."""
    first = otel_crumbs.install(exporter="none", max_breadcrumbs=7)
    before = hooks(), parts_of(app)

    second = otel_crumbs.install()
    third = otel_crumbs.install(exporter="none", max_breadcrumbs=7)

    assert first is second is third
    assert (hooks(), parts_of(app)) == before


def test_installing_with_other_settings_starts_again(app: Application) -> None:
    """What was there is taken out first: hooks do not pile up."""
    before = hooks(), parts_of(app)
    first = otel_crumbs.install(exporter="none", max_breadcrumbs=7)

    second = otel_crumbs.install(exporter="none", max_breadcrumbs=8)

    assert (first.active, second.active) == (False, True)
    assert current.size == 8
    assert len(processors(app)) == 1
    second.uninstall()
    assert (hooks(), parts_of(app)) == before


def test_a_bad_option_leaves_what_is_installed_in_place() -> None:
    """The error is raised before anything is changed."""
    first = otel_crumbs.install(exporter="none")

    with pytest.raises(otel_crumbs.ConfigError):
        otel_crumbs.install(max_breadcrumbs="many")

    assert get_installation() is first
    assert first.active is True


def test_options_override_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said in code counts; what is not said there comes from the environment."""
    monkeypatch.setenv("OTEL_CRUMBS_MAX_BREADCRUMBS", "7")
    monkeypatch.setenv("OTEL_CRUMBS_FLUSH_TIMEOUT", "0.5")
    monkeypatch.setenv("OTEL_CRUMBS_EXPORTER", "console")

    installation = otel_crumbs.install(max_breadcrumbs=9, exporter="none")

    assert installation.config.max_breadcrumbs == 9
    assert installation.config.flush_timeout == 0.5
    assert installation.config.origins["flush_timeout"] == "OTEL_CRUMBS_FLUSH_TIMEOUT"
    assert installation.delivery.workers == ()


@pytest.mark.parametrize("variable", ["OTEL_SDK_DISABLED", "OTEL_CRUMBS_ENABLED"])
def test_who_turns_it_off_gets_nothing(
    variable: str, app: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No hook, no processor, no exporter; calls of ours are still harmless."""
    monkeypatch.setenv(variable, "true" if variable == "OTEL_SDK_DISABLED" else "false")
    before = hooks(), parts_of(app)

    installation = otel_crumbs.install()
    otel_crumbs.record("harmless")
    reported = otel_crumbs.capture_exception(ValueError("boom"))

    assert (hooks(), parts_of(app)) == before
    assert installation.active is False
    assert reported is None
    assert otel_crumbs.flush() is True
    assert "otel_crumbs.install()" in caplog.text


def test_the_limit_of_breadcrumbs_is_kept() -> None:
    """`max_breadcrumbs` bounds every trail."""
    with capture_events(max_breadcrumbs=5) as events:
        for number in range(20):
            otel_crumbs.record(f"note {number}")
        otel_crumbs.capture_exception(ValueError("boom"))

        assert len(events[0].breadcrumbs) == 5
        assert events[0].breadcrumbs[-1].message == "note 19"
        assert events[0].dropped == 15


@pytest.mark.parametrize("taken_early", [False, True])
def test_an_sdk_that_comes_later_is_joined(*, taken_early: bool) -> None:
    """Providers set after us, by whichever name of the function, get our processors and sampler."""
    set_tracer = set_tracer_provider_taken_early if taken_early else trace.set_tracer_provider
    set_logger = set_logger_provider_taken_early if taken_early else _logs.set_logger_provider
    app = new_application(ALWAYS_OFF)
    with no_global_providers(), capture_events() as events:
        otel_crumbs.record("before the SDK")
        set_tracer(app.tracer_provider)
        set_logger(app.logger_provider)
        with suppress(ValueError), app.request("GET /"):
            with app.tracer.start_as_current_span("step"):
                pass
            _logs.get_logger("shop").emit(_logs.LogRecord(body="said", severity_number=_logs.SeverityNumber.INFO))
            raise ValueError("boom")

        assert [crumb.message for crumb in events[0].breadcrumbs] == ["step", "said"]
        assert events[0].resource["service.name"] == "shop"
        assert app.exported_spans == ()


def test_a_tracer_made_before_the_sdk_is_heard() -> None:
    """A proxy tracer at the top of a module turns into a real one when the provider is set."""
    with no_global_providers():
        early = trace.get_tracer("shop")
        with capture_events():
            trace.set_tracer_provider(new_application().tracer_provider)

            with early.start_as_current_span("step"):
                pass

            assert messages() == ["step"]


def test_a_second_provider_is_refused_as_before(caplog: pytest.LogCaptureFixture) -> None:
    """OpenTelemetry's rule that the first one counts is not changed by us."""
    with no_global_providers(), capture_events():
        first, second = new_application(), new_application()
        trace.set_tracer_provider(first.tracer_provider)
        trace.set_tracer_provider(second.tracer_provider)

        assert trace.get_tracer_provider() is first.tracer_provider
        assert len(processors(first)) == 1
        assert processors(second) == []
    assert "Overriding of current TracerProvider is not allowed" in caplog.text


def test_uninstalling_lets_go_of_a_provider_that_came_later() -> None:
    """It is as if we had never been there."""
    app = new_application()
    before = parts_of(app)
    with no_global_providers():
        otel_crumbs.install(exporter="none")
        trace.set_tracer_provider(app.tracer_provider)
        _logs.set_logger_provider(app.logger_provider)

        otel_crumbs.uninstall()

        assert parts_of(app) == before


def test_a_provider_that_is_not_the_sdks_is_left_alone() -> None:
    """Another implementation of the API is none of our business."""
    with no_global_providers(), capture_events() as events:
        trace.set_tracer_provider(trace.NoOpTracerProvider())

        with trace.get_tracer("shop").start_as_current_span("GET /", kind=SpanKind.SERVER):
            otel_crumbs.record("note")
            otel_crumbs.capture_exception(ValueError("boom"))

        assert [crumb.message for crumb in events[0].breadcrumbs] == ["note"]


def test_without_an_sdk_there_is_a_trail_all_the_same() -> None:
    """Log lines and notes make a trail in a process without tracing."""
    with no_global_providers(), capture_events() as events:
        logging.getLogger("shop").warning("line")
        otel_crumbs.record("note")

        otel_crumbs.capture_exception(ValueError("boom"))

        assert [crumb.message for crumb in events[0].breadcrumbs] == ["line", "note"]
        assert (events[0].trace_id, events[0].span_id) == (0, 0)


def test_a_processor_that_the_application_added_is_adopted(app: Application) -> None:
    """Whoever put a BreadcrumbSpanProcessor there gets no second one, and one breadcrumb for each span."""
    own = BreadcrumbSpanProcessor()
    app.tracer_provider.add_span_processor(own)
    with capture_events() as events:
        with suppress(ValueError), app.request("GET /"):
            with app.tracer.start_as_current_span("step"):
                pass
            raise ValueError("boom")

        assert processors(app) == [own]
        assert [(crumb.message, crumb.repeated) for crumb in events[0].breadcrumbs] == [("step", 1)]
    assert own.on_operation_end is None
    assert own.active is True


def test_a_log_record_processor_that_the_application_added_is_adopted(app: Application) -> None:
    """Whoever put a BreadcrumbLogRecordProcessor there gets one breadcrumb for each record."""
    app.logger_provider.add_log_record_processor(BreadcrumbLogRecordProcessor())
    with capture_events():
        _logs.get_logger("shop").emit(_logs.LogRecord(body="said", severity_number=_logs.SeverityNumber.INFO))

        assert [(crumb.message, crumb.repeated) for crumb in otel_crumbs.trail()] == [("said", 1)]


def test_a_sampler_that_the_application_wrapped_is_kept() -> None:
    """Whoever wrapped the sampler in RecordUnsampled keeps it, before and after us."""
    own = RecordUnsampled(ALWAYS_OFF)
    with running_application(own) as app, capture_events():
        with app.tracer.start_as_current_span("step"):
            pass

        assert messages() == ["step"]
        assert app.tracer_provider.sampler is own
    assert app.tracer_provider.sampler is own


def test_record_unsampled_may_be_turned_off() -> None:
    """The sampler is not touched, and dropped spans leave nothing."""
    with running_application(ALWAYS_OFF) as app, capture_events(record_unsampled=False):
        with app.tracer.start_as_current_span("step"):
            pass

        assert messages() == []
        assert app.tracer_provider.sampler is ALWAYS_OFF


def test_what_the_application_exports_is_the_same(app: Application) -> None:
    """Its own processors see the same spans with the same attributes and events."""

    def work() -> None:
        with suppress(ValueError), app.request("GET /", key="value") as span:
            span.add_event("event", {"a": 1})
            with app.tracer.start_as_current_span("step"):
                pass
            raise ValueError("boom")

    def shape() -> list[Any]:
        spans = app.exported_spans
        app.exporter.clear()
        return [
            (
                span.name,
                span.kind,
                dict(span.attributes or {}),
                [event.name for event in span.events],
                span.status.status_code,
            )
            for span in spans
        ]

    work()
    without = shape()
    with capture_events():
        work()
        assert shape() == without


def test_a_step_that_fails_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch, guarded_failures: list[tuple[str, Exception]]
) -> None:
    """One hook that cannot be put in place is left out and said; the others are there."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no hook today")

    monkeypatch.setattr("otel_crumbs.capture.excepthooks.install_threading_excepthook", broken)
    with capture_events() as events:
        otel_crumbs.capture_exception(ValueError("boom"))

        assert len(events) == 1
    assert [str(error) for _, error in guarded_failures] == ["no hook today"]
    guarded_failures.clear()


def test_flush_without_an_installation_is_true() -> None:
    """Nothing was captured, so nothing waits."""
    assert otel_crumbs.flush() is True


def test_uninstalling_delivers_what_waits() -> None:
    """Events that were captured before arrive."""
    with capture_events() as events:
        otel_crumbs.capture_exception(ValueError("boom"))
        otel_crumbs.uninstall()

        assert len(events) == 1


def test_many_threads_may_install_at_once(app: Application) -> None:
    """There is one installation, and one processor."""
    barrier = threading.Barrier(8)
    made: list[Any] = []

    def install() -> None:
        barrier.wait()
        made.append(otel_crumbs.install(exporter="none"))

    threads = [threading.Thread(target=install) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(installation) for installation in made}) == 1
    assert len(processors(app)) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("by_span", [True, False])
def test_a_forked_child_begins_with_an_empty_trail(app: Application, events: CapturedEvents, *, by_span: bool) -> None:
    """The breadcrumbs of the parent's request, or of its operation block, are the parent's alone."""
    reading, writing = os.pipe()
    with app.request("GET /") if by_span else otel_crumbs.operation("job"):
        otel_crumbs.record("parent")
        child = os.fork()
        if child == 0:
            try:
                otel_crumbs.record("child")
                otel_crumbs.capture_exception(ValueError("in the child"))
                # Garbage of other tests may come up in the child, too.
                ours = [event for event in events if event.exception.message == "in the child"]
                reported = [[crumb.message for crumb in event.breadcrumbs] for event in ours]
                os.write(writing, f"{messages()} {reported}".encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        parent = messages()
    os.close(writing)
    said = os.read(reading, 1000).decode()
    os.close(reading)

    assert said == "['child'] [['child']]"
    assert parent == ["parent"]
    assert len(events) == 0


def test_importing_and_installing_says_nothing() -> None:
    """No warning is raised by what we touch, in any release of OpenTelemetry."""
    with warnings.catch_warnings(record=True) as said, running_application():
        warnings.simplefilter("always")
        otel_crumbs.install(exporter="none")
        otel_crumbs.uninstall()

    assert [str(warning.message) for warning in said if "otel_crumbs" in str(warning.filename)] == []


def test_the_exit_hook_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is registered for the end of the process is unregistered."""
    registered: list[Any] = []
    monkeypatch.setattr(atexit, "register", lambda hook, *_: registered.append(hook))
    monkeypatch.setattr(atexit, "unregister", registered.remove)

    otel_crumbs.install(exporter="none")
    during = len(registered)
    otel_crumbs.uninstall()

    assert during == 1
    assert registered == []


def test_a_tracer_provider_of_the_applications_own_class_is_joined() -> None:
    """Subclasses of the SDK's provider are the SDK's."""

    class OwnProvider(TracerProvider):
        """As some vendors ship."""

    with no_global_providers(), capture_events():
        trace.set_tracer_provider(OwnProvider(shutdown_on_exit=False))

        with trace.get_tracer("shop").start_as_current_span("step"):
            pass

        assert messages() == ["step"]
