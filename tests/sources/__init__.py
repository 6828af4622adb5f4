"""Tests of what drops breadcrumbs."""
