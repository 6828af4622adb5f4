"""The sources of breadcrumbs: spans, log records, the standard `logging`, databases, `http.client` and notes."""

from __future__ import annotations
