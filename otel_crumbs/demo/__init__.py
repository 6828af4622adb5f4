"""
The demonstration: a shop that fails, a receiver for its error events, and their trails on screen.

``requirements -> shop -> visits -> receiver -> timeline``, put together in `run`.
Only `run`, `narrator` and `timeline` need ``rich``.
"""

from __future__ import annotations
