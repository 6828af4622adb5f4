"""Tests of `otel_crumbs/demo`."""

from __future__ import annotations
