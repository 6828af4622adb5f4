"""The project and its only app."""

from __future__ import annotations
