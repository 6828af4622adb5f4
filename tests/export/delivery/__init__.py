"""Tests of `otel_crumbs.export.delivery.delivery`."""
