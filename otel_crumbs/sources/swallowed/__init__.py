"""Swallowed exceptions: those that the application's own code raised or was given, and handled without a word."""
