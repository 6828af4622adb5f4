"""`docker compose config` finds no fault, and what the file names is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .compose import Compose, NoComposeError
from .image import ROOT
from .missing import skip_or_fail

FILE = ROOT / "docker-compose.yml"
ALWAYS = {"viewer", "collector", "database", "shop", "loader"}
PROFILES = {"clickhouse": {"clickhouse", "collector-clickhouse", "grafana"}, "bugsink": {"bugsink"}}


@pytest.fixture(scope="module")
def compose() -> Compose:
    """Find or build what reads compose files; skip, or fail where it is required, if that cannot be."""
    try:
        return Compose()
    except NoComposeError as error:
        skip_or_fail(str(error), "OTEL_CRUMBS_REQUIRE_COLLECTOR")


@pytest.fixture(scope="module")
def services(compose: Compose) -> dict[str, Any]:
    """Return all services, those of every profile too."""
    found: dict[str, Any] = compose.read(FILE, *PROFILES)["services"]
    return found


def test_each_profile_adds_its_services(services: dict[str, Any]) -> None:
    """Without any, one address shows errors and their trails."""
    always = {name for name, service in services.items() if not service.get("profiles")}

    assert always == ALWAYS
    for profile, names in PROFILES.items():
        assert {name for name, service in services.items() if profile in service.get("profiles", [])} == names


def test_a_broken_file_is_refused(compose: Compose, tmp_path: Path) -> None:
    """The check would see a mistake."""
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(FILE.read_text("utf-8").replace("depends_on:", "depend_on:", 1), "utf-8")

    assert compose.check(broken).returncode != 0


def test_every_file_that_is_mounted_or_built_is_there(services: dict[str, Any]) -> None:
    """Docker would make an empty folder of a name that is wrong."""
    mounts = [mount for service in services.values() for mount in service.get("volumes", [])]
    files = [Path(mount["source"]) for mount in mounts if mount["type"] == "bind"]
    files += [ROOT / service["build"]["dockerfile"] for service in services.values() if "build" in service]

    assert [file for file in files if not file.exists()] == []


def test_nobody_else_on_the_network_is_let_in(services: dict[str, Any]) -> None:
    """Every port is the machine's own."""
    ports = [port for service in services.values() for port in service.get("ports", [])]

    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_no_image_is_whatever_is_newest(services: dict[str, Any]) -> None:
    """What works today works tomorrow; images of the project's own are built."""
    fetched = [service["image"] for service in services.values() if "build" not in service]

    assert [image for image in fetched if ":" not in image or image.endswith(":latest")] == []
