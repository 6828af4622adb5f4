"""
The exporters of other packages, found by the entry point group ``otel_crumbs_exporter``.

The name of an entry point may stand in OTEL_CRUMBS_EXPORTER. It leads to a
callable that takes the environment and returns an `Exporter` of that name, or
raises ValueError if a setting is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from .exporter import Exporter

GROUP = "otel_crumbs_exporter"


class ExporterSetupError(Exception):
    """An exporter that cannot be made, for a reason that the user can remove."""


def list_exporters() -> tuple[str, ...]:
    """Return the names of the exporters of other packages, sorted."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - most processes use no such exporter

    return tuple(sorted({entry_point.name for entry_point in entry_points(group=GROUP)}))


def make_exporter(name: str, environ: Mapping[str, str]) -> Exporter:
    """
    Return the exporter of an installed package.

    Raises:
        ExporterSetupError: If no package has that name, or it makes no exporter, or a setting is missing.

    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - most processes use no such exporter

    for entry_point in entry_points(group=GROUP, name=name):
        factory = entry_point.load()
        try:
            made = factory(environ)
        except ValueError as error:
            raise ExporterSetupError(str(error)) from error
        return _check(entry_point, made)
    raise ExporterSetupError(f"no installed package has an entry point {name!r} in the group {GROUP}")


def _check(entry_point: EntryPoint, made: object) -> Exporter:
    missing = [part for part in ("export", "shutdown") if not callable(getattr(made, part, None))]
    if missing:
        raise ExporterSetupError(f"{entry_point.value} returned {made!r}, which has no {'() and no '.join(missing)}()")
    called = getattr(made, "name", None)
    if called != entry_point.name:
        raise ExporterSetupError(f"{entry_point.value} returned an exporter whose name is {called!r}")
    exporter: Exporter = made  # type: ignore[assignment]  # it has all parts of the protocol
    return exporter
