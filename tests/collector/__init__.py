"""Tests against a real OpenTelemetry Collector: what we send is what it understands."""

from __future__ import annotations
