"""Tests of `otel_crumbs/doctor`."""

from __future__ import annotations
