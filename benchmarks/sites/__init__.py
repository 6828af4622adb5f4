"""
The applications of `web.py`: real frameworks, asked in their own process without a socket between.

A module has ``make()``, which returns a function that makes one request for a
path and raises nothing, whatever becomes of it.
"""

from __future__ import annotations
