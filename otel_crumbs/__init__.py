"""
Breadcrumbs for OpenTelemetry: every error leaves with the trail of what happened before it.

Data flows one way, and imports too::

    sources -> trail -> capture -> event -> export

Sources leave entries in the trail of the place that runs; capture takes an
exception and its trail; event makes them plain; export delivers.
"""

from __future__ import annotations

from . import breadcrumbs
from .config import Config, ConfigError
from .event import ErrorEvent
from .install import Installation, capture_exception, flush, install, trail, uninstall
from .sources.by_hand import record
from .sources.log_floor import ignore_logger
from .sources.log_records import BreadcrumbLogRecordProcessor
from .sources.sampling import RecordUnsampled
from .sources.spans import BreadcrumbSpanProcessor
from .trail import Breadcrumb, operation

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
