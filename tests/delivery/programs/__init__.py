"""Programs that fail, and end in certain ways."""

from __future__ import annotations
