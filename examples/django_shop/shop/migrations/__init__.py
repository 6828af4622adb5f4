"""The tables of the shop and what is in them on the first day."""

from __future__ import annotations
