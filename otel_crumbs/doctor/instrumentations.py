"""The instrumentations of OpenTelemetry that are installed, and the libraries that have none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points

from otel_crumbs.base.instrumentations import is_instrumentation_active

from .section import Row, Section, State
from .versions import find_version

OWN = "otel_crumbs"

# The spans of these are in the trail already, or are no breadcrumbs.
NO_LOSS = ("asgi", "asyncio", "click", "dbapi", "exceptions", "jinja2", "logging", "system-metrics", "wsgi")

# Libraries that are used by another one, and hardly ever alone.
COVERED_BY = {"urllib3": "requests", "starlette": "fastapi"}

NONE_ACTIVE = Row(
    name="none is active here",
    value="opentelemetry-instrument otel-crumbs doctor shows what an application gets that is started this way",
    state=State.NOTE,
)

# OpenTelemetry's Django instrumentation reads the settings long before manage.py can name them.
DJANGO_ADVICE = "needs DJANGO_SETTINGS_MODULE in the environment, which is not set"


def describe_instrumentations(environ: Mapping[str, str]) -> Section:
    """Return the section about the instrumentations that are installed, and whether each is active in this process."""
    found = sorted(entry_points(group="opentelemetry_instrumentor"), key=lambda entry: entry.name)
    rows = [_describe_instrumentation(entry, environ) for entry in found if entry.name != OWN]
    if not any(is_active(entry) for entry in found if entry.name != OWN):
        rows.append(NONE_ACTIVE)
    return Section(title="Instrumentations", key="instrumentations", rows=tuple(rows))


def describe_missing() -> Section:
    """Return the section about libraries whose instrumentation is not installed, each with the remedy."""
    rows = tuple(dict.fromkeys(_iterate_missing()))
    return Section(title="Would leave more breadcrumbs with an instrumentation", key="lacking", rows=rows)


def _describe_instrumentation(entry: EntryPoint, environ: Mapping[str, str]) -> Row:
    version = entry.dist.version if entry.dist else ""
    remarks = ["active"] if is_active(entry) else []
    state = State.GOOD if remarks else State.PLAIN
    if entry.name == "django" and not environ.get("DJANGO_SETTINGS_MODULE"):
        remarks.append(DJANGO_ADVICE)
        state = State.NOTE
    return Row(name=entry.name, value=version, remark=", but ".join(remarks), state=state)


def is_active(entry: EntryPoint) -> bool:
    """Return whether an instrumentation is active."""
    return is_instrumentation_active(entry.module, entry.attr)


def _iterate_missing() -> Iterator[Row]:
    for library, instrumentation in iterate_known_instrumentations():
        distribution = re.split(r"[=<>~! ]", instrumentation)[0]
        topic = distribution.removeprefix("opentelemetry-instrumentation-")
        cover = COVERED_BY.get(topic)
        if topic in NO_LOSS or find_version(distribution) or (cover and is_installed(cover)):
            continue
        if library is None or find_version(library):
            yield Row(name=topic, remark=f"pip install {instrumentation}", state=State.NOTE)


def is_installed(topic: str) -> bool:
    """Return whether an instrumentation is installed."""
    return find_version(f"opentelemetry-instrumentation-{topic}") is not None


def iterate_known_instrumentations() -> Iterator[tuple[str | None, str]]:
    """Iterate over pairs of a library, None for Python's own, and the instrumentation to install for it."""
    try:
        from opentelemetry.instrumentation.bootstrap_gen import (  # noqa: PLC0415 - not a public module
            default_instrumentations,
            libraries,
        )
    except ImportError:
        return
    for pair in libraries:
        yield re.split(r"[=<>~! \[]", pair["library"])[0], pair["instrumentation"]
    for instrumentation in default_instrumentations:
        yield None, instrumentation
