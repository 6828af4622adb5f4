"""Spools for the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_crumbs.export.spool.spool import Spool


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user whom the system does not know, as an arbitrary user id of a container is."""
    import pwd  # noqa: PLC0415 - not on every system

    def refuse(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", refuse)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a folder for spools."""
    return tmp_path / "spool"


@pytest.fixture
def spool(base: Path) -> Spool:
    """Return a spool that is not there yet."""
    return Spool(base, service="shop", exporter="http")
