"""Events as the tests of mechanisms look at them."""

from __future__ import annotations

from otel_crumbs.testing import CapturedEvents


def exceptions_of(events: CapturedEvents) -> list[tuple[str, str, bool]]:
    """Return of each event its title, its mechanism, and whether it was handled."""
    return [(event.title, event.mechanism, event.handled) for event in events]
