"""The foundation that every stage stands on; nothing in here imports the rest of the package."""

from __future__ import annotations
