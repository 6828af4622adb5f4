"""Django's own settings for SQLite, and a runner that tells of each test."""

from __future__ import annotations

from test_sqlite import *  # noqa: F403 - as its page on running the tests says

TEST_RUNNER = "peers_inside.django_runner.RecordingRunner"
