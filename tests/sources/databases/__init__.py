"""Tests of `otel_crumbs/sources/databases`."""

from __future__ import annotations
