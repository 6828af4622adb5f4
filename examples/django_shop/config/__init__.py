"""Settings, URLs and the WSGI application of the shop."""

from __future__ import annotations
