"""Tests of the optional Django application."""
