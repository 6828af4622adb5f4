"""A small Django project, written as if breadcrumbs had never been heard of."""

from __future__ import annotations
