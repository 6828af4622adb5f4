"""Tests of `otel_crumbs.export.otlp`."""
