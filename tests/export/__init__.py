"""Tests of the exporters: what they send, and what they make of the answers."""

from __future__ import annotations
