"""The source that turns OpenTelemetry spans into breadcrumbs."""

from __future__ import annotations
