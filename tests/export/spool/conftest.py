"""Spools for the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_crumbs.export.spool.spool import Spool


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a folder for spools."""
    return tmp_path / "spool"


@pytest.fixture
def spool(base: Path) -> Spool:
    """Return a spool that is not there yet."""
    return Spool(base, service="shop", exporter="http")
