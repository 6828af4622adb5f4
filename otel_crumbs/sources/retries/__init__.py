"""Attempts that were followed by another one, which nobody else tells of: one hooked library a module."""
