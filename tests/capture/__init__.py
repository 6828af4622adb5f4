"""Tests of `otel_crumbs/capture`."""

from __future__ import annotations
