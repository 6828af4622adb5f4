"""With everything instrumented one call is one breadcrumb, in the old semantic conventions and in the new ones."""

from __future__ import annotations

from typing import Any

from tests.loopback import nobody_listens

from .partner import Partner
from .running import trails_of


def calls(partner: Partner, nobody: str, **variables: str) -> dict[str, list[list[Any]]]:
    """Run the program that makes calls of each kind."""
    return trails_of("conventions", partner.url, nobody, **variables)


def test_old_and_new_conventions_report_the_same(partner: Partner) -> None:
    """The new ones are read as well as those that instrumentations still write unless told otherwise."""
    nobody = nobody_listens()

    old = calls(partner, nobody)
    new = calls(partner, nobody, OTEL_SEMCONV_STABILITY_OPT_IN="http,database")
    both = calls(partner, nobody, OTEL_SEMCONV_STABILITY_OPT_IN="http/dup,database/dup")

    assert {name: len(trail) for name, trail in old.items()} == dict.fromkeys(old, 1)
    assert len(old) == 5
    assert new == old
    assert both == old
