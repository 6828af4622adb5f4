"""Tests of `otel_crumbs.shutdown`: the ways in which a process ends."""

from __future__ import annotations
