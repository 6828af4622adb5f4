"""The sources of breadcrumbs: spans, log records, `logging`, databases, HTTP, retries, subprocesses and notes."""

from __future__ import annotations
