"""The reset of everything that the package keeps for the whole process, for tests."""

from __future__ import annotations

from otel_crumbs.base import counters, guard, memo, resource
from otel_crumbs.base.instrumentations import is_instrumentation_active
from otel_crumbs.install import uninstall
from otel_crumbs.instrumentor import CrumbsInstrumentor
from otel_crumbs.sources.logs.callbacks import handlers
from otel_crumbs.sources.logs.thresholds import thresholds
from otel_crumbs.sources.spans.entry import forget_categories
from otel_crumbs.trails import current, exception_marks, open_contexts


def reset_all() -> None:
    """
    Uninstall, and bring the state of every module back to that after the import.

    Trails, thresholds that `otel_crumbs.ignore_logger` set, callbacks of log
    lines, counters, caches and the memory of warnings are gone afterwards.
    Instruments of metrics stay, since OpenTelemetry's API cannot remove them.
    """
    if is_instrumentation_active(CrumbsInstrumentor.__module__, CrumbsInstrumentor.__name__):
        CrumbsInstrumentor().uninstrument()
    uninstall()
    current.reset()
    current.open_blocks.clear()
    open_contexts.clear()
    exception_marks.clear()
    thresholds.reset()
    handlers.reset()
    forget_categories()
    resource.forget_resource()
    guard.forget_warnings()
    memo.forget_memo()
    for each in (counters.counters, counters.recorded, counters.evicted):
        each.reset_after_fork()
