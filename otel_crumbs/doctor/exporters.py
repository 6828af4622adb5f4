"""The configured exporters: each sends a test event, and the outcome is shown."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from time import monotonic
from typing import NoReturn

from otel_crumbs.base.instrumentations import suppress_instrumentation
from otel_crumbs.event import CapturedError, ErrorEvent, capture_error
from otel_crumbs.export import Exporter, Outcome, Verdict
from otel_crumbs.export.otlp.environment import read_otlp_settings
from otel_crumbs.setup.installation import Installation
from otel_crumbs.sources.notes import record

from .section import Row, Section, State
from .settings import mask

MECHANISM = "doctor"


class DoctorTest(Exception):  # noqa: N818 - it is no error
    """The exception of the test event."""


def describe_exporters(installation: Installation, timeout: float) -> Section:
    """Send a test event by each exporter, for *timeout* seconds and a little at most; return the section about it."""
    return Section(title="Test event", key="test_event", rows=tuple(_iterate_outcomes(installation, timeout)))


def _iterate_outcomes(installation: Installation, timeout: float) -> Iterator[Row]:
    exporters = [worker.exporter for worker in installation.delivery.workers]
    wanted = {name for name in installation.config.exporter if isinstance(name, str) and name != "none"}
    broken = wanted - {exporter.name for exporter in exporters}
    if not installation.active or not (exporters or broken):
        reason = "the exporter is none" if installation.active else "otel_crumbs is switched off"
        yield Row(name="not sent", value=reason, state=State.NOTE)
        return
    for name in sorted(broken):
        yield Row(name=name, value="could not be set up", remark="see the warnings", state=State.BAD)
    event = installation.builder.build(capture_test_error())
    if event is None:
        yield Row(name="not sent", value="before_send dropped it", state=State.NOTE)
        return
    for exporter in exporters:
        yield describe_outcome(exporter, event, timeout)


def capture_test_error() -> CapturedError:
    """Return a captured exception that was raised here, with a breadcrumb before it."""
    record("otel-crumbs doctor sends a test event", category="otel_crumbs.doctor")
    try:
        fail()
    except DoctorTest as error:
        return capture_error(error, mechanism=MECHANISM, handled=True)


def fail() -> NoReturn:
    """Raise the exception, so that the test event has a traceback, too."""
    raise DoctorTest("a test of the way to here, nothing is wrong")


def describe_outcome(exporter: Exporter, event: ErrorEvent, timeout: float) -> Row:
    """Send the event by one exporter, and return the outcome."""
    started = monotonic()
    outcome = _export_within(exporter, event, timeout)
    milliseconds = (monotonic() - started) * 1000
    address = find_address(exporter.name)
    if outcome.verdict is Verdict.DELIVERED:
        remark = f"taken in {milliseconds:.0f} ms: event {event.event_id}"
        return Row(name=exporter.name, value=address, remark=remark, state=State.GOOD)
    remark = f"not taken: {find_reason(outcome)}"
    return Row(name=exporter.name, value=address, remark=remark, state=State.BAD)


def find_address(name: str) -> str:
    """Return the address that an exporter sends to."""
    if name != "otlp":
        return "standard error" if name == "console" else ""
    settings = read_otlp_settings(os.environ)
    return f"{mask('ENDPOINT', settings.endpoint)} ({settings.protocol})"


def find_reason(outcome: Outcome) -> str:
    """Return why the event was not taken, without the address that stands beside it."""
    reason = outcome.reason.removeprefix(read_otlp_settings(os.environ).endpoint).removeprefix(" was")
    return mask("", reason.strip())


def _export_within(exporter: Exporter, event: ErrorEvent, timeout: float) -> Outcome:
    """Export in a thread of its own, since not everything keeps the timeout: looking up a host name does not."""
    outcomes: list[Outcome] = []

    def export() -> None:
        try:
            with suppress_instrumentation():
                outcomes.append(exporter.export(event, timeout))
        except Exception as error:  # noqa: BLE001 - an exporter of another package may raise anything
            outcomes.append(Outcome(verdict=Verdict.REFUSED, reason=f"{type(error).__name__}: {error}"))

    thread = threading.Thread(target=export, name="otel_crumbs doctor", daemon=True)
    thread.start()
    thread.join(timeout + 1)
    late = Outcome(verdict=Verdict.RETRY, reason=f"no answer in {timeout:g} s")
    return outcomes[0] if outcomes else late
