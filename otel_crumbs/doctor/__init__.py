"""
The doctor: the settings, the hooks, the missing instrumentations, and whether an event gets through.

Each part looks at one thing and returns a `Section`; `report` prints them all.
Nothing here needs more than the base install.
"""

from __future__ import annotations

from .preview import show_preview
from .run import run

__all__ = ["run", "show_preview"]
