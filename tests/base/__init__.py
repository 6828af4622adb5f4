"""Tests of `otel_crumbs/base`."""

from __future__ import annotations
