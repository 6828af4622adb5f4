"""The public functions of an installation: `install` makes it, the others use it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .base.guard import guarded, warn
from .shutdown import DEFAULT_FLUSH_TIMEOUT
from .trails import Breadcrumb, View, current, take_snapshot

if TYPE_CHECKING:
    from .setup.installation import Installation

_installation: Installation | None = None


def install(**options: Any) -> Installation:
    """
    Put breadcrumbs in place, beside the OpenTelemetry that runs here or comes later.

    Calling it again changes nothing, unless the settings differ: then the
    old installation is undone, and one with the new settings takes its place.

    Args:
        options: Any of `otel_crumbs.setup.config.SETTINGS` by name; they override
            the environment variables ``OTEL_CRUMBS_<NAME>``.

    Raises:
        ConfigError: If an option is unknown or its value cannot be used.

    Example:
        >>> import otel_crumbs
        >>> installation = otel_crumbs.install(exporter="console")
        >>> installation.uninstall()

    """
    global _installation  # noqa: PLW0603 - the process has one
    # These import exporters and hooks: an application that only records must not pay for them.
    from .setup.config import Config  # noqa: PLC0415 - only where something is installed
    from .setup.installation import Installation, installation_lock  # noqa: PLC0415 - only where something is installed

    config = Config.read(os.environ, options)
    with installation_lock:
        if _installation is not None:
            if not options or _installation.config == config:
                return _installation
            _installation.undo()
        installation = Installation(config, on_uninstall=_forget_installation)
        if config.enabled and not _is_sdk_disabled(os.environ):
            installation.install_hooks()
        _installation = installation
        return installation


def uninstall() -> None:
    """Undo everything that `install` did; do nothing where it never ran."""
    if _installation is not None:
        _installation.uninstall()


def get_installation() -> Installation | None:
    """Return the installation of this process, None where there is none."""
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


def trail() -> tuple[Breadcrumb, ...]:
    """Return the breadcrumbs that an error raised right here would carry, oldest first."""
    # An application that only records never renders, and must not pay for these imports.
    from .event.rendering import render_snapshot  # noqa: PLC0415 - only where something is rendered
    from .sources.deduplicate import deduplicate  # noqa: PLC0415 - only where something is rendered

    rendered, _ = render_snapshot(take_snapshot(View(current.find_branch())), deduplicate)
    return _installation.builder.show_breadcrumbs(rendered) if _installation is not None else rendered


def flush(timeout: float = DEFAULT_FLUSH_TIMEOUT) -> bool:
    """
    Wait for the events captured so far to be delivered.

    Args:
        timeout: In seconds.

    Returns:
        True only if everything was acknowledged.

    """
    return _installation.flush(timeout) if _installation is not None else True


def _forget_installation(installation: Installation) -> None:
    global _installation  # noqa: PLW0603 - the process has one
    if _installation is installation:
        _installation = None


def _is_sdk_disabled(environ: Mapping[str, str]) -> bool:
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
