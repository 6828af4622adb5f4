"""The Collector that people run by hand is the one of the tests."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.collector

ROOT = Path(__file__).parents[2]


def test_the_configuration_for_people_is_valid(collector_binary: Path) -> None:
    """The Collector itself finds no fault with the file that the compose file mounts."""
    command = [str(collector_binary), "validate", "--config", str(ROOT / "deploy" / "collector.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_version_is_the_same() -> None:
    """The compose file runs the version that the tests build."""
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    manifest = (ROOT / "scripts" / "collector-manifest.yaml").read_text(encoding="utf-8")
    script = (ROOT / "scripts" / "build_collector.py").read_text(encoding="utf-8")

    [image] = re.findall(r"image: \S+:(\S+)", compose)
    [built] = re.findall(r'^VERSION = "(\S+)"', script, re.MULTILINE)
    components = set(re.findall(r"gomod: \S+ v(0\.\S+)", manifest))
    assert {image, built} == components
