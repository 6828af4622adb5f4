"""Breadcrumbs of every Python that has this folder in its path, from its start: before mod_wsgi has said who it is."""

from __future__ import annotations

import otel_crumbs

otel_crumbs.install()
