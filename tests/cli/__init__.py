"""Tests of the command `otel-crumbs`."""

from __future__ import annotations
