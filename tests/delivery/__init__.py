"""Tests of delivery as a whole: applications that end in every way, and receivers that are away."""

from __future__ import annotations
