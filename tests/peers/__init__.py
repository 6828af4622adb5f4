"""Tests of what runs other people's test suites."""

from __future__ import annotations
