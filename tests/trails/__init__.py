"""Tests of the trail: what is kept, and who sees what."""

from __future__ import annotations
