"""What drops breadcrumbs: spans, log records, the standard `logging`, and notes by hand."""

from __future__ import annotations
