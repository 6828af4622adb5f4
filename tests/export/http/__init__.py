"""Tests of `otel_crumbs.export.http.json_documents`."""
