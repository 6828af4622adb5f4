"""Tests of `otel_crumbs/sources/swallowed`."""

from __future__ import annotations
