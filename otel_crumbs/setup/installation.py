"""
The installation: the parts made from the settings, and the hooks that it puts in place and undoes.

Each hook returns the function that undoes it; `Installation.uninstall` calls
them, the last first.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from otel_crumbs.base.fork import detect_fork
from otel_crumbs.base.guard import guarded, warn
from otel_crumbs.base.late_names import bind_late_functions
from otel_crumbs.base.patching import Undo, combine
from otel_crumbs.base.resource import find_resource_attributes, find_service_name
from otel_crumbs.base.threads import has_no_threads
from otel_crumbs.capture.expected import ExpectedErrors, find_unknown
from otel_crumbs.capture.main_thread import MainThread
from otel_crumbs.capture.rate_limit import RateLimiter
from otel_crumbs.capture.reporter import Reporter
from otel_crumbs.export.spool.location import SpoolLocation
from otel_crumbs.shutdown import FatalSignals, ShutdownBudget
from otel_crumbs.trails import current, exception_marks

from . import apache_processes, uwsgi_workers
from .config import Config
from .exporters import make_exporters, plan_exporters
from .hooks import Hook, make_hooks, make_shutdown_hooks
from .late_parts import LateParts, Parts
from .parsers import DEFAULT_SPOOL, NO_RECORDER, NO_SPOOL
from .scrubbing import make_scrubber, warn_of_mistakes

if TYPE_CHECKING:
    from otel_crumbs.event import Builder, CapturedError
    from otel_crumbs.export import Delivery

    from .recorder import RecorderParts

# What the application's own telemetry needs of the time for it comes first.
_PART_OF_FLUSH = 0.25
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
        self.plans = plan_exporters(config, os.environ) if config.enabled else ()
        self._spool = _find_spool_location(config)
        self._parts = LateParts(self._make_parts)
        self._recorder = self._plan_recorder()
        self.signals = FatalSignals(end=self.end, is_unsafe=self._is_unsafe, seconds=config.flush_timeout)
        _warn_of_unknown_errors(config)
        warn_of_mistakes(config)
        expected = ExpectedErrors(config.ignore_errors)
        self._rate_limiter = RateLimiter(config.rate_limit)
        self.reporter = Reporter(
            self._emit,
            self._rate_limiter,
            expected,
            with_locals=config.frame_locals,
            prepare=self._parts.prepare,
        )
        self._main_thread = MainThread(self.reporter) if "excepthook" in config.capture else None
        # Whether the interpreter exits: its last functions run, and a thread may not come to an event any more.
        self._exiting = False
        # Whether it is about to: what other threads capture has to be saved before the time for that is over.
        self._ending = False
        self._seconds_late = 0.0
        self.hook_names: list[str] = []
        self._undos: list[Undo] = []
        self._shutdown_budget = ShutdownBudget(config.flush_timeout)

    @property
    def active(self) -> bool:
        """Whether hooks are in place."""
        return bool(self._undos)

    @property
    def builder(self) -> Builder:
        """The part that makes events of captured errors; made when somebody asks."""
        return self._parts.get().builder

    @property
    def delivery(self) -> Delivery:
        """The part that hands events to the exporters; made when somebody asks."""
        return self._parts.get().delivery

    def flush(self, timeout: float | None = None) -> bool:
        """Wait for delivery, FLUSH_TIMEOUT by default; return True only if everything was acknowledged."""
        detect_fork()
        delivery = self._parts.delivery
        return delivery is None or delivery.flush(self.config.flush_timeout if timeout is None else timeout)

    def _flush_with_provider(self, seconds: float) -> None:
        """Deliver when a provider of the application is flushed, which has so many seconds for all that it has."""
        if (delivery := self._parts.delivery) is not None and delivery.pending:
            delivery.flush(min(seconds * _PART_OF_FLUSH, self.config.flush_timeout))

    def uninstall(self) -> None:
        """Undo every hook, patch and processor, the last first, and forget the trails."""
        self.undo()
        current.clear_context()

    def undo(self) -> None:
        """Undo every hook, patch and processor, the last first; the trails go on, for the next installation."""
        with installation_lock:
            combine(*self._undos)()
            self._undos.clear()
            self.hook_names.clear()
            exception_marks.clear()
            self._on_uninstall(self)
        delivery = self._parts.delivery
        if delivery is not None and delivery.workers:
            delivery.end(self.config.flush_timeout)
        self._parts.close()

    def install_hooks(self) -> None:
        """Put every hook in place; one that fails is left out, with a warning."""
        hooks = (
            *make_hooks(
                self.config,
                self.reporter,
                lambda: self.builder,
                main=self._main_thread,
                flush=self._flush_with_provider,
                save=self.save,
            ),
            *make_shutdown_hooks(
                end=self._end_program,
                end_at_exit=self._end_at_exit,
                end_by_exit=self._end_by_exit,
                resume=self._continue,
                signals=self.signals,
            ),
        )
        for name, hook in (
            *hooks,
            ("uWSGI", self._watch_workers),
            ("mod_wsgi", lambda: apache_processes.install(self._end_threads)),
            ("spool", self.look_for_undelivered),
            *self._list_recorder(),
        ):
            undo = guarded(f"{name} was put in place")(hook)()
            if undo is not None:
                self._undos.append(undo)
                self.hook_names.append(name)
        self._parts.watch_process()
        if (delivery := self._parts.delivery) is not None and delivery.running:
            self.signals.find_actions()

    def _plan_recorder(self) -> RecorderParts | None:
        """Import and make the recorder if it is wanted."""
        if self.config.recorder == NO_RECORDER or not self.config.enabled:
            return None
        from .recorder import RecorderParts  # noqa: PLC0415 - only where it is used

        return RecorderParts(self.config, self.emit_crash)

    def _list_recorder(self) -> tuple[Hook, ...]:
        return () if self._recorder is None else (("recorder", self._recorder.install),)

    def emit_crash(self, captured: CapturedError) -> None:
        """Send the death of another process, and return once the event is as safe as it can be."""
        self._parts.prepare()
        info = captured.exceptions.infos[0]
        held_back = self._rate_limiter.admit_record(info.type, info.message, captured.operation or "")
        if held_back is not None:
            self._emit(replace(captured, held_back=held_back) if held_back else captured)
            self.delivery.save(_SECONDS_TO_SAVE)

    def _end_program(self) -> None:
        self.end()
        if self._recorder is not None:
            self._recorder.recorder.end()

    def _end_by_exit(self, status: int) -> None:
        self.end()
        if self._recorder is not None:
            self._recorder.recorder.end_by_exit(status)

    def _continue(self) -> None:
        self._continue_delivery()
        if self._recorder is not None:
            self._recorder.recorder.resume()

    def _end_threads(self) -> None:
        """End while the threads still run, which the functions of `atexit` will not find any more."""
        self._parts.prepare_for_end()
        self._ending = True
        self.end()
        if (delivery := self._parts.delivery) is not None:
            delivery.wait_for_threads(_SECONDS_TO_SAVE)

    def _end_at_exit(self) -> None:
        if self._recorder is not None:
            self._recorder.end()
        # Python imports nothing at the very end, when objects may fail.
        self._parts.prepare_for_end()
        self._ending = True
        self.end()
        self.signals.release()
        self._exiting = True
        if (delivery := self._parts.delivery) is not None and delivery.has_unsaved:
            # Of a thread that nobody waits for.
            self._save_late(delivery)

    def end(self) -> None:
        """Save events, and deliver as many as can be: FLUSH_TIMEOUT is for all ends of the process together."""
        detect_fork()
        if self._main_thread is not None:
            self._main_thread.report_death()
        if (delivery := self._parts.delivery) is not None and delivery.running:
            self._shutdown_budget.spend(delivery.end)
            self.signals.release()

    def save(self) -> None:
        """Save events, for the process is about to end."""
        detect_fork()
        if (delivery := self._parts.delivery) is not None and delivery.pending:
            self._shutdown_budget.spend(delivery.save)
            self.signals.hold_or_release()

    def _continue_delivery(self) -> None:
        if (delivery := self._parts.delivery) is not None:
            delivery.continue_requests()

    def _is_unsafe(self) -> bool:
        delivery = self._parts.delivery
        return delivery is not None and delivery.unsafe

    def _emit(self, captured: CapturedError) -> None:
        if self._exiting or sys.is_finalizing():
            self._emit_late(captured)
            return
        self.signals.find_actions()
        self.delivery.emit(captured)
        if self._ending or has_no_threads():
            self.delivery.save(_SECONDS_TO_SAVE)
        self.signals.hold_or_release()

    def _emit_late(self, captured: CapturedError) -> None:
        """
        Save an error that comes after the process has spent its time on delivery: a file is quickly written.

        All that come so late have FLUSH_TIMEOUT together.
        """
        self.delivery.emit(captured)
        if self._save_late(self.delivery) and (not sys.is_finalizing() or self.delivery.has_unsaved):
            began = time.monotonic()
            self._shutdown_budget.spend(self.delivery.end)
            self._seconds_late += time.monotonic() - began

    def _save_late(self, delivery: Delivery) -> bool:
        """Save events if there is time left for it; return whether there was."""
        began = time.monotonic()
        left = max(self.config.flush_timeout, _SECONDS_TO_SAVE) - self._seconds_late
        if left > 0:
            delivery.save(min(left, _SECONDS_TO_SAVE))
            self._seconds_late += time.monotonic() - began
        return left > 0

    def _watch_workers(self) -> Undo:
        return uwsgi_workers.install(self.look_for_undelivered)

    def look_for_undelivered(self) -> None:
        """Deliver the events that earlier processes of this service left in the spool, if there are any."""
        if self.plans and self._spool is not None and self._spool.has_any():
            self.delivery.look_for_undelivered()

    def _make_parts(self) -> Parts:
        """Import and make what only an error needs; a worker imports nothing more."""
        from otel_crumbs.event import Builder  # noqa: PLC0415 - only for an error
        from otel_crumbs.export import Delivery  # noqa: PLC0415 - only for an error
        from otel_crumbs.sources.deduplicate import deduplicate  # noqa: PLC0415 - only for an error

        bind_late_functions()
        self.signals.find_actions()
        config = self.config
        builder = Builder(
            scrubber=make_scrubber(config),
            with_client=config.client_address,
            max_bytes=config.max_event_bytes,
            before_breadcrumb=config.before_breadcrumb,
            before_send=config.before_send,
            deduplicate=deduplicate,
            resource=find_resource_attributes,
            with_lines=any(name == "sentry" for name, _ in self.plans),
        )
        delivery = Delivery(
            make_exporters(self.plans),
            builder.build,
            spool=self._spool,
            service=find_service_name,
            on_change=self.signals.hold_or_release,
        )
        if self.active:
            delivery.look_after_fork()
        return Parts(builder, delivery)


@guarded("the errors to ignore were looked for")
def _warn_of_unknown_errors(config: Config) -> None:
    for name in find_unknown(config.ignore_errors):
        warn(
            f"ignored error {name}",
            "OTEL_CRUMBS_IGNORE_ERRORS has %r, which is no exception class. Remedy: its full name, such as "
            "shop.errors.NotInStock. The others are ignored as asked for.",
            name,
        )


def _find_spool_location(config: Config) -> SpoolLocation | None:
    if config.spool_dir == NO_SPOOL:
        return None
    base = None if config.spool_dir == DEFAULT_SPOOL else config.spool_dir
    return SpoolLocation(base=base, max_bytes=config.spool_max_bytes)
