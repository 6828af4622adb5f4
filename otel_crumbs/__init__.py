"""
Breadcrumbs for OpenTelemetry: every error leaves with the trail of what happened before it.

Data flows one way, and imports too::

    sources -> trail -> capture -> event -> export

Sources leave entries in the trail of the place that runs; capture takes an
exception and its trail; event makes them plain; export delivers.
"""

from __future__ import annotations

import importlib
import typing

from . import breadcrumbs
from .install import capture_exception, flush, install, trail, uninstall
from .sources.logs.processor import BreadcrumbLogRecordProcessor
from .sources.logs.thresholds import ignore_logger
from .sources.notes import record
from .sources.spans.processor import BreadcrumbSpanProcessor
from .sources.spans.sampling import RecordUnsampled
from .trails import Breadcrumb, operation

if typing.TYPE_CHECKING:
    from .event import ErrorEvent
    from .setup.config import Config, ConfigError
    from .setup.installation import Installation

__all__ = [
    "Breadcrumb",
    "BreadcrumbLogRecordProcessor",
    "BreadcrumbSpanProcessor",
    "Config",
    "ConfigError",
    "ErrorEvent",
    "Installation",
    "RecordUnsampled",
    "breadcrumbs",
    "capture_exception",
    "flush",
    "ignore_logger",
    "install",
    "operation",
    "record",
    "trail",
    "uninstall",
]

# Types that come with what `install` imports.
_LATE = {
    "Config": "setup.config",
    "ConfigError": "setup.config",
    "ErrorEvent": "event",
    "Installation": "setup.installation",
}


def __getattr__(name: str) -> type:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: type = getattr(importlib.import_module(f".{_LATE[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return __all__
