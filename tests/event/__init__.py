"""Tests of the error event: plain, scrubbed and in bounds."""

from __future__ import annotations
