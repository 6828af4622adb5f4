"""
The exporters of error events, and the delivery, for which the application never waits.

`delivery` hands each event to every exporter: `otlp`, `sentry`, `http`,
`app_logs`, `console`, and those of other packages. Events that cannot be
delivered wait in the `spool`.
"""

from __future__ import annotations

from .delivery.delivery import Delivery
from .delivery.worker import ExporterWorker
from .exporter import DELIVERED, Exporter, Outcome, Verdict
from .http.document import document_of
from .spool.spool import SpoolLocation

__all__ = ["DELIVERED", "Delivery", "Exporter", "ExporterWorker", "Outcome", "SpoolLocation", "Verdict", "document_of"]
