"""
The exporters of error events, and the delivery, for which the application never waits.

`delivery` hands each event to every exporter: `otlp`, `sentry`, `http`,
`app_logs`, `console`, and those of other packages. Events that cannot be
delivered wait in the `spool`. All of it is imported when the first error needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_crumbs.base.late_names import make_getattr

if TYPE_CHECKING:
    from .delivery.delivery import Delivery
    from .delivery.worker import ExporterWorker
    from .exporter import DELIVERED, Exporter, Outcome, Verdict
    from .http.document import document_of
    from .spool.location import SpoolLocation

__all__ = ["DELIVERED", "Delivery", "Exporter", "ExporterWorker", "Outcome", "SpoolLocation", "Verdict", "document_of"]

__getattr__ = make_getattr(
    __name__,
    {
        "DELIVERED": "exporter",
        "Delivery": "delivery.delivery",
        "Exporter": "exporter",
        "ExporterWorker": "delivery.worker",
        "Outcome": "exporter",
        "SpoolLocation": "spool.location",
        "Verdict": "exporter",
        "document_of": "http.document",
    },
)
