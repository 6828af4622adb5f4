"""
Installing and uninstalling: the only place that changes global state.

Each step returns what undoes it; `Installation.uninstall` runs them backwards.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import trail as trails
from .capture.once import Reporter
from .capture.storms import Storms
from .config import Config
from .ending import LastSeconds
from .event import Builder
from .event.scrub import Scrubber
from .export import Delivery, SpoolPlace
from .export.registry import make_exporters
from .guard import guarded, tell, warn
from .resource import resource_attributes, service_name
from .steps import Undo, steps_for
from .values import DEFAULT_SPOOL, NO_SPOOL


class Installation:
    """
    What `install` put in place.

    Args:
        config: The effective settings.

    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.builder = Builder(
            scrubber=Scrubber(config.scrub_keys),
            max_bytes=config.max_event_bytes,
            before_breadcrumb=config.before_breadcrumb,
            before_send=config.before_send,
            resource=resource_attributes,
        )
        exporters = make_exporters(config, os.environ) if config.enabled else ()
        self.delivery = Delivery(exporters, self.builder.build, spool=_spool(config), service=service_name)
        self.reporter = Reporter(self.delivery.emit, Storms(config.rate_limit))
        self.hooked: list[str] = []
        self._undos: list[Undo] = []
        self._last_seconds = LastSeconds(config.flush_timeout)

    @property
    def active(self) -> bool:
        """Whether anything is in place."""
        return bool(self._undos)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait for delivery, FLUSH_TIMEOUT by default; return True only if everything was acknowledged."""
        return self.delivery.flush(self.config.flush_timeout if timeout is None else timeout)

    def uninstall(self) -> None:
        """Undo every hook, patch and processor, the last first."""
        global _installation  # noqa: PLW0603 - the process has one
        with _lock:
            for undo in reversed(self._undos):
                _run(undo)
            self._undos.clear()
            self.hooked.clear()
            if _installation is self:
                _installation = None
        if self.delivery.lanes:
            self.delivery.end(self.config.flush_timeout)
        self.delivery.close()

    def put_in_place(self) -> None:
        """Put every part in place; one that fails is left out and said."""
        steps = steps_for(self.config, self.reporter, self.builder, save=self.save, end=self.end)
        for name, step in (*steps, ("leftovers", self.delivery.look_for_leftovers)):
            undo = guarded(f"{name} was put in place")(step)()
            if undo is not None:
                self._undos.append(undo)
                self.hooked.append(name)

    def end(self) -> None:
        """Bring events to safety, and deliver what can be delivered: FLUSH_TIMEOUT is for all ends together."""
        if self.delivery.pending:
            self._last_seconds.spend(self.delivery.end)

    def save(self) -> None:
        """Bring events to safety, for the end is near."""
        if self.delivery.pending:
            self._last_seconds.spend(self.delivery.save)


_lock = threading.RLock()
_installation: Installation | None = None


def install(**options: Any) -> Installation:
    """
    Put breadcrumbs in place, beside the OpenTelemetry that runs here or comes later.

    Calling it again changes nothing, unless the settings differ: then it
    starts anew with these.

    Args:
        options: Any of `otel_crumbs.config.SETTINGS` by name; they override
            the environment variables ``OTEL_CRUMBS_<NAME>``.

    Raises:
        ConfigError: If an option is unknown or its value cannot be used.

    Example:
        >>> import otel_crumbs
        >>> installation = otel_crumbs.install(exporter="console")
        >>> installation.uninstall()

    """
    global _installation  # noqa: PLW0603 - the process has one
    config = Config.read(os.environ, options)
    with _lock:
        if _installation is not None:
            if not options or _installation.config == config:
                return _installation
            _installation.uninstall()
        installation = Installation(config)
        if config.enabled and not _sdk_disabled(os.environ):
            installation.put_in_place()
        _installation = installation
        return installation


def uninstall() -> None:
    """Undo what `install` did; nothing happens where it never ran."""
    if _installation is not None:
        _installation.uninstall()


def installed() -> Installation | None:
    """Return what is in place, None where nothing is."""
    return _installation


@guarded("an exception was captured")
def capture_exception(error: BaseException | None = None, *, handled: bool = True) -> str | None:
    """
    Report an exception with its trail.

    Args:
        error: The exception; the one being handled if None.
        handled: Whether the application dealt with it.

    Returns:
        The event's id, None if nothing was reported.

    """
    error = error if error is not None else sys.exc_info()[1]
    if not isinstance(error, BaseException):
        warn("capture", "otel_crumbs.capture_exception() needs an exception, or to be called while one is handled.")
        return None
    if _installation is None or not _installation.active:
        warn("capture", "otel_crumbs.capture_exception() reports nothing before otel_crumbs.install().")
        return None
    return _installation.reporter.report(error, mechanism="capture_exception", handled=handled)


def trail() -> tuple[trails.Breadcrumb, ...]:
    """Return what an error raised right here would carry, oldest first."""
    rendered, _ = trails.snapshot(trails.current.branch()).render()
    return _installation.builder.breadcrumbs(rendered) if _installation is not None else rendered


def flush(timeout: float = 2.0) -> bool:
    """
    Wait for the events captured so far to be delivered.

    Args:
        timeout: In seconds.

    Returns:
        True only if everything was acknowledged.

    """
    return _installation.flush(timeout) if _installation is not None else True


def _spool(config: Config) -> SpoolPlace | None:
    if config.spool_dir == NO_SPOOL:
        return None
    base = None if config.spool_dir == DEFAULT_SPOOL else Path(config.spool_dir)
    return SpoolPlace(base=base, max_bytes=config.spool_max_bytes)


def _sdk_disabled(environ: Mapping[str, str]) -> bool:
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def _run(undo: Undo) -> None:
    try:
        undo()
    except Exception as error:  # noqa: BLE001 - the other steps must be undone all the same
        tell("a hook was taken out", error)
