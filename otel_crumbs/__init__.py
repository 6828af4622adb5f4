"""
Breadcrumbs for OpenTelemetry: every error leaves the process with the trail of what happened before it.

The data's arrow, and the imports'::

    sources -> trails -> capture -> event -> export
    setup -> sources | capture | shutdown | export -> event -> trails -> base
"""

from __future__ import annotations

import typing

from . import breadcrumbs
from .base import late_names
from .install import capture_exception, flush, install, trail, uninstall
from .sources.logs.thresholds import ignore_logger
from .sources.notes import record
from .trails import Breadcrumb, context, operation

if typing.TYPE_CHECKING:
    from .event import ErrorEvent
    from .setup.config import Config, ConfigError
    from .setup.installation import Installation
    from .sources.logs.processor import BreadcrumbLogRecordProcessor
    from .sources.spans.processor import BreadcrumbSpanProcessor
    from .sources.spans.sampling import RecordUnsampled

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
    "context",
    "flush",
    "ignore_logger",
    "install",
    "operation",
    "record",
    "trail",
    "uninstall",
]

__getattr__ = late_names.make_getattr(
    __name__,
    {
        "BreadcrumbLogRecordProcessor": "sources.logs.processor",
        "BreadcrumbSpanProcessor": "sources.spans.processor",
        "Config": "setup.config",
        "ConfigError": "setup.config",
        "ErrorEvent": "event",
        "Installation": "setup.installation",
        "RecordUnsampled": "sources.spans.sampling",
    },
)


def __dir__() -> list[str]:
    return __all__
