"""Where error events go, and how they get there without the application waiting."""

from __future__ import annotations

from .delivery import Delivery
from .document import document_of
from .exporter import DELIVERED, Exporter, Outcome, Verdict
from .lane import Lane
from .spool import SpoolPlace

__all__ = ["DELIVERED", "Delivery", "Exporter", "Lane", "Outcome", "SpoolPlace", "Verdict", "document_of"]
