"""The sources that turn lines of `logging` and OpenTelemetry log records into breadcrumbs."""

from __future__ import annotations
