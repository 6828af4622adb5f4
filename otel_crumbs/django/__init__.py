"""
An optional Django application: system checks, and a middleware for projects without tracing.

Add ``"otel_crumbs.django"`` to ``INSTALLED_APPS`` and breadcrumbs are
installed with Django; under ``opentelemetry-instrument`` nothing need be added.
"""

from __future__ import annotations
