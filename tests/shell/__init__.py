"""Tests of the commands that show errors in a terminal."""

from __future__ import annotations
