"""Django's test runner, which tells of each test."""

from __future__ import annotations

from django.test.runner import DiscoverRunner

from .unittest_result import RecordingResult


class RecordingRunner(DiscoverRunner):
    """Only its results are of another class."""

    def get_resultclass(self) -> type[RecordingResult]:
        """Return the class that tells of each test."""
        return RecordingResult
