"""
The sides of each contest.

A module has ``SIDES``: by name, what sets a side up in its process and
returns its batch, a callable that makes so many calls and returns how many
seconds they took.
"""

from __future__ import annotations

from collections.abc import Callable

Batch = Callable[[int], float]
SetUp = Callable[[], Batch]
