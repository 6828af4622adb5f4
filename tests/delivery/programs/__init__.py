"""Programs that fail, and end in a way of their own."""

from __future__ import annotations
