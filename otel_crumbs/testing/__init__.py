"""
Tools for tests of applications that use this package, and for its own.

`capture_events` installs breadcrumbs with an exporter that keeps events in
memory; `assert_no_leaks` runs a piece of your application in the ways that mix
up trails elsewhere. With pytest, ``pytest_plugins = ["otel_crumbs.testing.fixtures"]``
makes fixtures of them.
"""

from __future__ import annotations

from .events import CapturedEvents, capture_events
from .leaks import assert_no_leaks
from .snapshots import freeze_event

__all__ = ["CapturedEvents", "assert_no_leaks", "capture_events", "freeze_event"]
