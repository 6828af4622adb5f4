"""
Other people's test suites, each run without otel_crumbs and with it in every process.

`nox -s peers` runs it; `docs/peers.md` says how, and what came out.
"""

from __future__ import annotations
