"""The requirements of the demo beside the base install, and how to install them."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from importlib.util import find_spec

from otel_crumbs.view.command import MODULES as VIEW_MODULES

REMEDY = "pip install 'otel-crumbs[demo]'"

VIEW_REMEDY = "pip install 'otel-crumbs[demo,view]'"

# What the extra `demo` brings: module to import, distribution to name.
MODULES = {
    "rich": "rich",
    "django": "django",
    "requests": "requests",
    "opentelemetry.distro": "opentelemetry-distro",
    "opentelemetry.instrumentation.django": "opentelemetry-instrumentation-django",
    "opentelemetry.instrumentation.logging": "opentelemetry-instrumentation-logging",
    "opentelemetry.instrumentation.requests": "opentelemetry-instrumentation-requests",
    "opentelemetry.instrumentation.sqlite3": "opentelemetry-instrumentation-sqlite3",
    "sqlite3": "Python's own sqlite3 module",
}


def find_missing(*, view: bool = False) -> str | None:
    """Return one line that names the missing requirement and the remedy, or None; *view* needs the viewer's, too."""
    missing = [name for module, name in MODULES.items() if not is_importable(module)]
    pages = [name for name in VIEW_MODULES if view and not is_importable(name)]
    if pages:
        return f"the viewer needs {', '.join(pages)}: {VIEW_REMEDY}"
    if missing:
        return f"the demo needs {', '.join(missing)}: {REMEDY}"
    if not entry_points(group="opentelemetry_instrumentor", name="otel_crumbs"):
        return f"otel-crumbs is not installed for {sys.executable}: {REMEDY}"
    return None


def is_importable(module: str) -> bool:
    """Return whether a module is there, without running more of it than its parents."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False
