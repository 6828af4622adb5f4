"""Every library whose instrumentation leaves breadcrumbs, for real: on loopback, one call is one breadcrumb."""

from __future__ import annotations
