"""Tests of `otel_crumbs.export.exporter`: the optional part of an exporter."""

from __future__ import annotations

from typing import Any

from otel_crumbs import ErrorEvent
from otel_crumbs.export import DELIVERED, Outcome
from otel_crumbs.export.app_logs import AppLogsExporter
from otel_crumbs.export.console import ConsoleExporter
from otel_crumbs.export.exporter import show_event, uses_spool
from otel_crumbs.export.http.exporter import HttpExporter

from .events import event_of
from .receiver import receiving


class PlainExporter:
    """An exporter with no more than the protocol asks for."""

    name = "plain"

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Take the event."""
        return DELIVERED

    def shutdown(self) -> None:
        """Do nothing."""


class WrappingExporter(PlainExporter):
    """An exporter that takes its other attributes from another one."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the other exporter."""
        return getattr(self._wrapped, name)


def test_events_wait_on_disk_by_default() -> None:
    """An exporter needs no attribute for that."""
    assert uses_spool(PlainExporter())


def test_an_exporter_may_do_without_the_spool() -> None:
    """An event on standard error, or in the application's log, is of no use once its process has ended."""
    assert not uses_spool(ConsoleExporter())
    assert not uses_spool(AppLogsExporter())


def test_an_exporter_that_wraps_another_one_has_its_choice() -> None:
    """The attribute counts wherever it comes from."""
    assert not uses_spool(WrappingExporter(ConsoleExporter()))
    assert uses_spool(WrappingExporter(PlainExporter()))


def test_an_event_is_shown_as_it_is_sent() -> None:
    """What people are shown are the bytes."""
    event = event_of()
    with receiving() as receiver:
        exporter = HttpExporter(receiver.url, headers={}, compression="none")
        shown = show_event(exporter, event)
        exporter.export(event, 10.0)
        exporter.shutdown()

        assert shown is not None
        assert [request.sent for request in receiver.requests] == [shown.encode()]


def test_an_exporter_of_somebody_else_need_not_show_anything() -> None:
    """Only its package knows what it sends."""
    assert show_event(PlainExporter(), event_of()) is None
