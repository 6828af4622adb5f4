"""Small programs that the tests run; each sets its OpenTelemetry SDK up by hand."""

from __future__ import annotations
