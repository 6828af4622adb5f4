"""The viewer's errors in a terminal: lists, one error, and those that arrive."""

from __future__ import annotations
