"""Whole applications in processes of their own, as their users start them, in front of a real Collector."""

from __future__ import annotations
