"""Tests of the doors that an exception can come through."""

from __future__ import annotations
