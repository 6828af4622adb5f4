"""Tests of the rules of scrubbing."""

from __future__ import annotations
