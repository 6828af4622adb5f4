"""The sources of breadcrumbs: spans, log records, `logging`, databases, `http.client`, subprocesses and notes."""

from __future__ import annotations
