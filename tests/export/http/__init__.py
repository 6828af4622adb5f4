"""Tests of `otel_crumbs.export.http.exporter`."""
