"""Tests of the errors and trails that agents ask for."""

from __future__ import annotations
