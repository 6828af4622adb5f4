"""Tests of `otel_crumbs/setup`."""

from __future__ import annotations
