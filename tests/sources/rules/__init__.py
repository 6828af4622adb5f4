"""Tests of `otel_crumbs/sources/rules`."""

from __future__ import annotations
