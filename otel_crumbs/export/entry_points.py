"""
Exporters from other packages, found by the entry point group ``otel_crumbs_exporter``.

An entry point is named as in OTEL_CRUMBS_EXPORTER, and leads to a callable
that takes the environment and returns an `Exporter` of that name. Where
something is not set that it needs, it raises ValueError and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from .exporter import Exporter

GROUP = "otel_crumbs_exporter"


class ExporterSetupError(Exception):
    """An exporter cannot be made, for a reason that the user can do something about."""


def list_names() -> tuple[str, ...]:
    """Return the names of those that are installed, sorted."""
    return tuple(sorted({entry_point.name for entry_point in entry_points(group=GROUP)}))


def make(name: str, environ: Mapping[str, str]) -> Exporter:
    """
    Return the exporter of an installed package.

    Raises:
        ExporterSetupError: If none has that name, it is no exporter, or it says what it is missing.

    """
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
    exporter: Exporter = made  # type: ignore[assignment]  # it has all that the protocol asks for
    return exporter
