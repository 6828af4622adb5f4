"""The sources that record statements and connects of which no instrumentation makes a span."""

from __future__ import annotations
