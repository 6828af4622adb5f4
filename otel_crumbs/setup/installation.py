"""
The installation: the parts made from the settings, and the hooks that it puts in place and undoes.

Each hook returns the function that undoes it; `Installation.uninstall` calls
them, the last first.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Undo, combine
from otel_crumbs.base.resource import find_resource_attributes, find_service_name
from otel_crumbs.capture.main_thread import MainThread
from otel_crumbs.capture.rate_limit import RateLimiter
from otel_crumbs.capture.reporter import Reporter
from otel_crumbs.event import Builder, CapturedError
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.export import Delivery, SpoolLocation
from otel_crumbs.shutdown import FatalSignals, ShutdownBudget
from otel_crumbs.sources.deduplicate import deduplicate
from otel_crumbs.trails import exception_marks

from .config import Config
from .exporters import make_exporters
from .hooks import make_hooks, make_shutdown_hooks
from .parsers import DEFAULT_SPOOL, NO_SPOOL

# Hooks are put in place and taken out by one thread at a time.
installation_lock = threading.RLock()

# For an error that is captured after the process has spent its time on delivery.
_SECONDS_TO_SAVE = 0.5


class Installation:
    """
    The hooks, the reporter and the delivery that `install` put in place.

    Args:
        config: The effective settings.
        on_uninstall: Called with the installation when its hooks were taken out.

    """

    def __init__(self, config: Config, on_uninstall: Callable[[Installation], None]) -> None:
        self.config = config
        self._on_uninstall = on_uninstall
        self.builder = Builder(
            scrubber=Scrubber(config.scrub_keys),
            max_bytes=config.max_event_bytes,
            before_breadcrumb=config.before_breadcrumb,
            before_send=config.before_send,
            deduplicate=deduplicate,
            resource=find_resource_attributes,
        )
        self.signals = FatalSignals(end=self.end, is_unsafe=lambda: self.delivery.unsafe, seconds=config.flush_timeout)
        exporters = make_exporters(config, os.environ) if config.enabled else ()
        self.delivery = Delivery(
            exporters,
            self.builder.build,
            spool=_find_spool_location(config),
            service=find_service_name,
            on_change=self.signals.hold_or_release,
        )
        self.reporter = Reporter(self._emit, RateLimiter(config.rate_limit))
        self._main_thread = MainThread(self.reporter) if "excepthook" in config.capture else None
        # Whether the interpreter exits: its last functions run, and a thread may not come to an event any more.
        self._exiting = False
        self.hook_names: list[str] = []
        self._undos: list[Undo] = []
        self._shutdown_budget = ShutdownBudget(config.flush_timeout)

    @property
    def active(self) -> bool:
        """Whether hooks are in place."""
        return bool(self._undos)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait for delivery, FLUSH_TIMEOUT by default; return True only if everything was acknowledged."""
        return self.delivery.flush(self.config.flush_timeout if timeout is None else timeout)

    def uninstall(self) -> None:
        """Undo every hook, patch and processor, the last first."""
        with installation_lock:
            combine(*self._undos)()
            self._undos.clear()
            self.hook_names.clear()
            exception_marks.clear()
            self._on_uninstall(self)
        if self.delivery.workers:
            self.delivery.end(self.config.flush_timeout)
        self.delivery.close()

    def install_hooks(self) -> None:
        """Put every hook in place; one that fails is left out, with a warning."""
        resume = self.delivery.continue_requests
        hooks = (
            *make_hooks(self.config, self.reporter, self.builder, main=self._main_thread, save=self.save),
            *make_shutdown_hooks(end=self.end, end_at_exit=self._end_at_exit, resume=resume, signals=self.signals),
        )
        for name, hook in (*hooks, ("spool", self.delivery.look_for_undelivered)):
            undo = guarded(f"{name} was put in place")(hook)()
            if undo is not None:
                self._undos.append(undo)
                self.hook_names.append(name)
        if self.delivery.running:
            self.signals.find_actions()

    def _end_at_exit(self) -> None:
        self.end()
        self._exiting = True

    def end(self) -> None:
        """Save events, and deliver as many as can be: FLUSH_TIMEOUT is for all ends of the process together."""
        if self._main_thread is not None:
            self._main_thread.report_death()
        if self.delivery.running:
            self._shutdown_budget.spend(self.delivery.end)
            self.signals.hold_or_release()

    def save(self) -> None:
        """Save events, for the process is about to end."""
        if self.delivery.pending:
            self._shutdown_budget.spend(self.delivery.save)
            self.signals.hold_or_release()

    def _emit(self, captured: CapturedError) -> None:
        if self._exiting or sys.is_finalizing():
            self._emit_late(captured)
            return
        self.signals.find_actions()
        self.delivery.emit(captured)
        self.signals.hold_or_release()

    def _emit_late(self, captured: CapturedError) -> None:
        """Save an error that comes after the process has spent its time on delivery: a file is quickly written."""
        self.delivery.emit(captured)
        self.delivery.save(_SECONDS_TO_SAVE)
        if not sys.is_finalizing() or self.delivery.has_unsaved:
            self._shutdown_budget.spend(self.delivery.end)


def _find_spool_location(config: Config) -> SpoolLocation | None:
    if config.spool_dir == NO_SPOOL:
        return None
    base = None if config.spool_dir == DEFAULT_SPOOL else Path(config.spool_dir)
    return SpoolLocation(base=base, max_bytes=config.spool_max_bytes)
