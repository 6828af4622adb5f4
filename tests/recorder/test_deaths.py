"""Processes that die without a word: each death is one event, with what the process did until then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivery.running import environment, waiting
from tests.export.receiver import Receiver, receiving
from tests.loopback import free_port, nobody_listens

from .dying import SECONDS, TYPES, check, recordings, recover, run, variables

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="files and signals are those of Linux"),
]


@pytest.mark.parametrize("way", TYPES)
def test_the_next_process_reports_a_script_that_died(receiver: Receiver, tmp_path: Path, way: str) -> None:
    """Once; the process itself ends well and leaves nothing."""
    died = run(variables(tmp_path, receiver), "script", way)
    left = recordings(tmp_path)

    ends = [run(variables(tmp_path, receiver), "script", "well").returncode for _ in range(2)]

    assert died.returncode not in ends
    assert ends == [0, 0]
    assert left
    [request] = receiver.requests
    check(request.document, way)
    assert recordings(tmp_path) == []


@pytest.mark.parametrize("host", ["multiprocessing", "pool"])
@pytest.mark.parametrize("way", TYPES)
def test_the_parent_reports_a_child_that_died(receiver: Receiver, tmp_path: Path, host: str, way: str) -> None:
    """It knows what of, and the next process finds nothing any more."""
    ended = run(variables(tmp_path, receiver), host, way)
    run(variables(tmp_path, receiver), "script", "well")

    assert ended.returncode == 0, ended.stderr
    [request] = receiver.requests
    check(request.document, way)
    assert recordings(tmp_path) == []


def test_a_process_that_ends_well_leaves_no_file(receiver: Receiver, tmp_path: Path) -> None:
    """Nor do its children."""
    for host in ("script", "multiprocessing", "pool"):
        assert run(variables(tmp_path, receiver), host, "well").returncode == 0

    assert (receiver.requests, recordings(tmp_path)) == ([], [])


def test_recordings_are_beside_the_spool(receiver: Receiver, tmp_path: Path) -> None:
    """On a volume that outlives the container, where the setting puts the spool there."""
    spool = tmp_path / "volume" / "spool"
    placed = variables(tmp_path, receiver) | {"OTEL_CRUMBS_SPOOL_DIR": str(spool)}

    run(placed, "script", "kill")

    assert [path.suffix for path in (tmp_path / "volume" / "recordings").iterdir()].count(".recording") == 1
    run(placed, "script", "well")
    check(receiver.request.document, "kill")


def test_nothing_is_written_where_the_recorder_is_off(receiver: Receiver, tmp_path: Path) -> None:
    """That is the default."""
    run(environment(tmp_path, receiver.url), "script", "kill")

    assert not (tmp_path / "otel-crumbs").exists()


def test_a_command_reports_the_dead(receiver: Receiver, tmp_path: Path) -> None:
    """For a sidecar, or for systemd when the service is down."""
    folder = tmp_path / "dead"
    run(variables(tmp_path, receiver) | {"OTEL_CRUMBS_RECORDER": str(folder)}, "script", "kill")

    said = [recover(environment(tmp_path, receiver.url), folder) for _ in range(2)]

    assert said == [
        "otel-crumbs: 1 deaths found, delivered\n",
        "otel-crumbs: 0 deaths found\n",
    ]
    [request] = receiver.requests
    check(request.document, "kill")


def test_the_command_says_that_it_cannot_use_a_folder(tmp_path: Path) -> None:
    """Nobody may take that for a folder without deaths."""
    tmp_path.chmod(0o777)
    command = [str(Path(sys.executable).with_name("otel-crumbs")), "recover", str(tmp_path)]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "others may write into" in ended.stderr


def test_the_command_delivers_what_it_could_not_the_time_before(tmp_path: Path) -> None:
    """A sidecar has a spool of its own, at which no process of the service looks."""
    folder, port = tmp_path / "dead", free_port()
    away = environment(tmp_path, f"http://127.0.0.1:{port}")
    run(away | {"OTEL_CRUMBS_RECORDER": str(folder)}, "script", "kill")
    command = [str(Path(sys.executable).with_name("otel-crumbs")), "recover", str(folder)]
    first = subprocess.run(command, env=away, capture_output=True, text=True, timeout=SECONDS, check=False)

    with receiving(port=port) as receiver:
        said = recover(away, folder)

    assert (first.returncode, "1 deaths found, not delivered yet" in first.stdout) == (1, True)
    assert said == "otel-crumbs: 0 deaths found\n"
    check(receiver.request.document, "kill")
    assert waiting(tmp_path) == []


def test_a_death_that_cannot_be_delivered_waits(tmp_path: Path) -> None:
    """In the spool, as every event does."""
    away = environment(tmp_path, nobody_listens(), OTEL_CRUMBS_RECORDER="auto")
    run(away, "script", "kill")

    run(away, "script", "well")

    assert recordings(tmp_path) == []
    assert len(waiting(tmp_path)) == 1
