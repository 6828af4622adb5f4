"""Tests of `otel_crumbs/sources/logs`."""

from __future__ import annotations
