"""The hooks on the ways in which a process ends, so that no event is lost with it."""

from __future__ import annotations

from .budget import DEFAULT_FLUSH_TIMEOUT, ShutdownBudget
from .fatal_signals import FatalSignals

__all__ = ["DEFAULT_FLUSH_TIMEOUT", "FatalSignals", "ShutdownBudget"]
