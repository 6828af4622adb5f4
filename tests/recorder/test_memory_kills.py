"""Processes that the system kills for want of memory, in a cgroup of their own: each is one event that says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from otel_crumbs.event import CapturedError
from otel_crumbs.recorder.look import Look
from otel_crumbs.recorder.memory_kills import count_memory_kills, find_memory_kills
from otel_crumbs.recorder.recovery import Recovery
from tests.delivery.running import environment
from tests.export.receiver import Receiver

from .cgroups import enter
from .dying import PROGRAM, SECONDS, check, recordings, recover, run, variables

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(sys.platform != "linux", reason="cgroups are those of Linux"),
]

LIMITED = """
import os, resource, sys
most = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (most, most))
os.execv(sys.argv[2], sys.argv[2:])
"""


def run_inside(cgroup: Path, variables: dict[str, str], host: str, way: str) -> int:
    """Run the program to its end in a cgroup; return its exit status."""
    command = [*enter(cgroup), sys.executable, str(PROGRAM), host, way]
    return subprocess.run(command, env=variables, capture_output=True, timeout=SECONDS, check=False).returncode


def test_the_next_process_reports_a_script_that_was_killed_for_want_of_memory(
    receiver: Receiver, tmp_path: Path, cgroup: Path
) -> None:
    """Once, with its trail and what was in flight; one that is killed afterwards is no such death."""
    died = run_inside(cgroup, variables(tmp_path, receiver), "script", "memory")
    ends = [run_inside(cgroup, variables(tmp_path, receiver), "script", "well") for _ in range(2)]
    run_inside(cgroup, variables(tmp_path, receiver), "script", "kill")
    run_inside(cgroup, variables(tmp_path, receiver), "script", "well")

    assert (died, ends) == (-9, [0, 0])
    first, second = [request.document for request in receiver.requests]
    check(first, "memory", "OutOfMemory")
    check(second, "kill")
    assert recordings(tmp_path) == []


@pytest.mark.parametrize("host", ["multiprocessing", "pool"])
def test_the_parent_reports_a_child_that_was_killed_for_want_of_memory(
    receiver: Receiver, tmp_path: Path, cgroup: Path, host: str
) -> None:
    """It is in the same cgroup, and has less memory."""
    status = run_inside(cgroup, variables(tmp_path, receiver), host, "memory")
    run(variables(tmp_path, receiver), "script", "well")

    assert status == 0
    [request] = receiver.requests
    check(request.document, "memory", "OutOfMemory")
    assert recordings(tmp_path) == []


def test_the_command_reads_the_count_of_the_cgroup_of_the_dead(
    receiver: Receiver, tmp_path: Path, cgroup: Path
) -> None:
    """It is in another one itself."""
    folder = tmp_path / "dead"
    run_inside(cgroup, variables(tmp_path, receiver) | {"OTEL_CRUMBS_RECORDER": str(folder)}, "script", "memory")

    said = [recover(environment(tmp_path, receiver.url), folder) for _ in range(2)]

    assert said == ["otel-crumbs: 1 deaths found, delivered\n", "otel-crumbs: 0 deaths found\n"]
    [request] = receiver.requests
    check(request.document, "memory", "OutOfMemory")


def test_one_kill_is_the_death_of_one_process(
    receiver: Receiver, tmp_path: Path, cgroup: Path, recovery: Recovery, emitted: list[CapturedError]
) -> None:
    """And not of all that had begun before it, whichever process reports those; a second kill is that of another."""
    into = variables(tmp_path, receiver) | {"OTEL_CRUMBS_RECORDER": str(recovery.folder.path)}
    # They are found by nobody else: each process looks for those of its own service.
    for service, way in (("first", "kill"), ("second", "memory"), ("third", "memory")):
        run_inside(cgroup, into | {"OTEL_SERVICE_NAME": service}, "script", way)

    for service in ("third", "second", "first"):
        reader = Recovery(recovery.folder, emitted.append, size=100, service=lambda service=service: service)
        Look(reader).continue_for()

    types = [(each.operation, each.exceptions.infos[0].type) for each in emitted]
    assert types == [("work memory", "OutOfMemory"), ("work memory", "OutOfMemory"), ("work kill", "Killed")]


def test_a_limit_of_the_process_is_an_exception(receiver: Receiver, tmp_path: Path) -> None:
    """Who asks for more than there is dies of `MemoryError`: an event as of every exception, and no second one."""
    command = [sys.executable, str(PROGRAM), "script", "too much"]
    limited = [sys.executable, "-c", LIMITED, str(2**30), *command]

    died = subprocess.run(
        limited, env=variables(tmp_path, receiver), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    run(variables(tmp_path, receiver), "script", "well")

    assert died.returncode == 1, died.stderr
    [request] = receiver.requests
    event = request.document
    assert (event["exceptions"][0]["type"], event["operation"]) == ("MemoryError", "work too much")
    messages = [each["message"] for each in event["breadcrumbs"]]
    assert [f"step {number}" for number in range(10, 60)] == [each for each in messages if each[:4] == "step"][-50:]
    assert recordings(tmp_path) == []


def test_the_count_of_another_cgroup_is_unknown() -> None:
    """One that is gone, or has the same path in another container; and no other file is read."""
    found = find_memory_kills()
    if found.number < 0:
        pytest.skip("the system has no count of processes that were killed for want of memory")

    assert count_memory_kills(found.path, found.inode) == found.number
    assert count_memory_kills(found.path, found.inode + 1) == -1
    for path in ("../../../etc/passwd", f"../{found.path}", "memory/gone/memory.oom_control", None, 7):
        assert count_memory_kills(path, found.inode) == -1
