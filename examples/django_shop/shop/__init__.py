"""A small shop for people who take coffee seriously."""

from __future__ import annotations
