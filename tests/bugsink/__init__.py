"""Tests against Bugsink, a tracker that speaks Sentry's protocol and checks events with Sentry's own schema."""

from __future__ import annotations
