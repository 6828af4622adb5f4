"""Tests of `otel_crumbs/sources/spans`."""

from __future__ import annotations
