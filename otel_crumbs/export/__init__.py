"""
Where error events go, and how they get there without the application waiting.

`delivery` hands each event to the exporters that `registry` makes: `otlp`,
`sentry`, `http`, `app_logs`, `console`, and those of others. What cannot be
delivered waits in the `spool`.
"""

from __future__ import annotations

from .delivery.delivery import Delivery
from .delivery.worker import ExporterWorker
from .exporter import DELIVERED, Exporter, Outcome, Verdict
from .http.document import document_of
from .spool.spool import SpoolLocation

__all__ = ["DELIVERED", "Delivery", "Exporter", "ExporterWorker", "Outcome", "SpoolLocation", "Verdict", "document_of"]
