"""Tests of `otel_crumbs.export.sentry.exporter`."""
