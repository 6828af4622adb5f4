"""Tests of `otel_crumbs.export.spool.spool`."""
