"""Tests of recordings that are found: one event each, and none of what is not to be believed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import otel_crumbs
from otel_crumbs.base.guard import watch_failures
from otel_crumbs.event import Builder, CapturedError, ErrorEvent
from otel_crumbs.export.spool.private_folder import PrivateFolder
from otel_crumbs.recorder import layout
from otel_crumbs.recorder.look import Look
from otel_crumbs.recorder.recorder import Recorder
from otel_crumbs.recorder.recording import Recording
from otel_crumbs.recorder.recovery import Recovery

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no private folders and locks")

Make = Callable[[], Path]
WRITERS = int(os.environ.get("OTEL_CRUMBS_WRITERS", "100"))


def look(recovery: Recovery) -> int:
    """Report every death in the folder; return how many there were."""
    every = Look(recovery, most=None, keep=None)
    every.continue_for()
    return every.found


def build(captured: CapturedError) -> ErrorEvent:
    """Return the event of a death."""
    event = Builder().build(captured)
    assert event is not None
    return event


def test_a_death_is_one_event_whoever_looks(recovery: Recovery, make: Make, emitted: list[CapturedError]) -> None:
    """It has the id of the run, by which it is known for the same should it come twice."""
    path = make()

    assert [look(recovery), look(recovery)] == [1, 0]
    event = build(emitted[0])
    assert event.event_id in path.name
    assert (event.name, event.title, event.operation, event.trace_id) == (
        "app.crash",
        "Killed: the process was killed, or the machine was lost",
        "GET /orders",
        7,
    )
    assert dict(event.resource) == {"service.name": "shop"}
    assert "abcdef" not in str(event)
    assert [crumb.category for crumb in event.breadcrumbs] == ["cart"]
    assert list(path.parent.iterdir()) == []


def test_a_process_that_lives_is_left_alone(recovery: Recovery, make: Make, emitted: list[CapturedError]) -> None:
    """It has the lock on its file, whatever its id is."""
    path = make()
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        look(recovery)

    assert (emitted, path.exists()) == ([], True)


def test_another_service_is_left_alone(make: Make, tmp_path: Path, emitted: list[CapturedError]) -> None:
    """Its own next process reports it."""
    path = make()
    other = Recovery(PrivateFolder(tmp_path / "dead"), emitted.append, size=100, service=lambda: "other")

    assert (look(other), path.exists()) == (0, True)


def describe(data: bytearray, about: bytes) -> bytearray:
    """Return a recording with another description of its process."""
    start = layout.ABOUT_AT + layout.ABOUT.size
    layout.ABOUT.pack_into(data, layout.ABOUT_AT, len(about), zlib.crc32(about))
    return bytearray(data[:start] + about + data[start + len(about) :])


@pytest.mark.parametrize("way", ["cut", "empty", "garbled", "newer", "huge", "no object", "deep"])
def test_what_is_no_recording_is_set_aside(
    recovery: Recovery, make: Make, emitted: list[CapturedError], way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With one clear line, and never an exception."""
    path = make()
    data = bytearray(path.read_bytes())
    path.write_bytes(
        {
            "cut": data[:5000],
            "empty": b"",
            "garbled": os.urandom(layout.SIZE),
            "newer": data[:8] + b"\x09\x00" + data[10:],
            "huge": os.urandom(4 * 2**20),
            "no object": describe(data, b"null"),
            "deep": describe(data, b"[" * layout.MAX_ABOUT),
        }[way]
    )

    found = look(recovery)

    assert (found, emitted) == (0, [])
    assert [each.name for each in path.parent.iterdir()] == [f"{path.name}.unreadable"]
    assert "sets it aside" in caplog.text


def test_a_symbolic_link_is_not_followed(
    recovery: Recovery, make: Make, emitted: list[CapturedError], caplog: pytest.LogCaptureFixture
) -> None:
    """It could lead to a file of somebody else's."""
    path = make()
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)

    assert (look(recovery), emitted, elsewhere.exists()) == (0, [], True)
    assert f"leaves {path} alone" in caplog.text


@pytest.mark.parametrize("way", ["pipe", "folder", "socket"])
def test_what_is_no_file_is_left_alone(
    recovery: Recovery, make: Make, emitted: list[CapturedError], way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for a pipe that nobody writes into."""
    path = make()
    path.unlink()
    if way == "pipe":
        os.mkfifo(path)
    elif way == "folder":
        path.mkdir()
    else:
        os.mknod(path, stat.S_IFSOCK | 0o600)

    assert (look(recovery), emitted, os.path.lexists(path)) == (0, [], True)
    assert caplog.text.count(f"leaves {path} alone") == 1


def test_a_second_name_of_a_recording_is_no_second_event(
    recovery: Recovery, make: Make, emitted: list[CapturedError], caplog: pytest.LogCaptureFixture
) -> None:
    """It is set aside, as a copy is."""
    path = make()
    other = path.with_name(f"7-{'f' * 32}{layout.SUFFIX}")
    os.link(path, other)

    assert (look(recovery), len(emitted)) == (1, 1)
    assert [each.name for each in path.parent.iterdir()] == [f"{other.name}.unreadable"]
    assert "its name is that of another run" in caplog.text


def test_the_folder_may_be_below_a_symbolic_link(make: Make, tmp_path: Path, emitted: list[CapturedError]) -> None:
    """Systems have such links themselves; the folder is no link."""
    folder = make().parent
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "dead link").symlink_to(folder)
    found = [
        look(Recovery(PrivateFolder(path), emitted.append, size=100, service=lambda: None))
        for path in (tmp_path / "dead link", tmp_path / "link" / "dead")
    ]

    assert found == [0, 1]


SLOTS = st.binary(max_size=layout.MAX_TEXT) | st.lists(
    st.text(f"{layout.PART}{layout.ITEM}{layout.VALUE}0aé.-\0", max_size=20), max_size=6
).map(lambda parts: layout.PART.join(parts).encode())
ABOUTS = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["service", "resource", "memory_kills", "service.name"]), inner)
    ),
    max_leaves=8,
).map(lambda about: json.dumps(about).encode()[: layout.MAX_ABOUT])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=SLOTS,
    about=ABOUTS,
    number=st.integers(0, 2**64 - 1),
    kind=st.integers(0, 255),
    place=st.sampled_from([layout.OPERATIONS_AT, layout.SLOTS_AT + 2 * layout.SLOT_SIZE]),
    garbage=st.lists(st.tuples(st.integers(0, 2 * layout.HEADER_SIZE), st.integers(0, 255)), max_size=3),
)
def test_whatever_is_in_a_recording_nothing_is_raised(
    recovery: Recovery,
    make: Make,
    emitted: list[CapturedError],
    *,
    text: bytes,
    about: bytes,
    number: int,
    kind: int,
    place: int,
    garbage: list[tuple[int, int]],
) -> None:
    """It is an event or is set aside; a failure would fail the test."""
    path = make()
    data = describe(bytearray(path.read_bytes()), about)
    text = text[: layout.MAX_TEXT]
    body = layout.BODY.pack(number or 1, number, kind, kind, number & 0xFFFFFFFF, number, number, len(text)) + text
    layout.STATE.pack_into(data, place, zlib.crc32(body), kind, number)
    data[place + layout.BODY_AT : place + layout.BODY_AT + len(body)] = body
    for at, byte in garbage:
        data[at] = byte
    path.write_bytes(data)
    emitted.clear()

    look(recovery)

    assert not path.exists()
    for each in emitted:
        build(each)


def test_garbled_slots_are_not_shown(recovery: Recovery, make: Make, emitted: list[CapturedError]) -> None:
    """The rest is."""
    path = make()
    data = bytearray(path.read_bytes())
    start = layout.SLOTS_AT + 2 * layout.SLOT_SIZE + layout.BODY_AT + layout.BODY.size
    assert data[start : start + 4] == b"cart"
    data[start] = 0
    path.write_bytes(data)

    look(recovery)

    assert build(emitted[0]).breadcrumbs == ()


def test_stacks_without_a_recording_are_deleted(recovery: Recovery, make: Make) -> None:
    """Whoever read the recording was killed before it deleted them; those of a process that lives stay."""
    alive, dead = make(), make()
    names = [path.with_suffix(layout.STACKS_SUFFIX) for path in (alive, dead)]
    for path in names:
        path.write_text("stacks")
    dead.unlink()
    with alive.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        look(recovery)

    assert sorted(alive.parent.iterdir()) == sorted([alive, names[0]])


def test_only_the_newest_files_that_were_set_aside_stay(recovery: Recovery, make: Make) -> None:
    """The folder stays within its bound, whatever is written there."""
    folder = make().parent
    for number in range(15):
        path = folder / f"7-{number:032x}{layout.SUFFIX}.unreadable"
        path.write_bytes(b"?")
        os.utime(path, (number, number))

    look(recovery)

    assert sorted(int(path.name[2:34], 16) for path in folder.iterdir()) == [*range(5, 15)]


def test_a_process_that_had_nothing_to_do_is_no_event(
    recovery: Recovery, tmp_path: Path, emitted: list[CapturedError]
) -> None:
    """It may have been stopped by SIGTERM, which looks the same afterwards."""
    Recording(PrivateFolder(tmp_path / "dead")).close()

    assert (look(recovery), emitted, list((tmp_path / "dead").iterdir())) == (0, [], [])


def test_an_end_of_which_the_process_noted_nothing_has_its_status(
    recovery: Recovery, make: Make, emitted: list[CapturedError]
) -> None:
    """Code in C ends the process as well; its parent knows by which status."""
    name = make().name

    assert recovery.report(name, status=7 << 8) == 1

    [exception] = build(emitted[0]).exceptions
    assert exception.message == "the process ended itself with status 7 in the middle of its work"


def test_a_folder_that_is_missing_has_nothing(recovery: Recovery) -> None:
    """Nobody ever recorded there."""
    assert look(recovery) == 0


@pytest.mark.parametrize("way", ["read-only", "of others", "no folder"])
def test_without_a_folder_the_recorder_is_off(tmp_path: Path, way: str, caplog: pytest.LogCaptureFixture) -> None:
    """That is said once, and the application goes on."""
    folder = tmp_path / "folder"
    if way == "no folder":
        folder.write_text("a file")
    elif way == "of others":
        folder.mkdir()
        folder.chmod(0o777)
    else:
        folder = Path("/proc/otel-crumbs")
    recorder = Recorder(PrivateFolder(folder), dict)

    undo = recorder.install()

    otel_crumbs.record("goes on")
    assert undo is None
    assert caplog.text.count("otel_crumbs records nothing") == 1


def test_a_full_disk_turns_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Space is allocated before anything is mapped: a full disk under a mapping would be SIGBUS."""

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)

    assert Recorder(PrivateFolder(tmp_path / "full"), dict).install() is None
    assert list((tmp_path / "full").iterdir()) == []


KILLER = """
import os, random, signal, sys, time
import otel_crumbs

otel_crumbs.install(exporter="none", recorder=sys.argv[1])
with otel_crumbs.operation("parent"):
    pass  # what is known of the process is found out now, and not in the first moments of every child
for _ in range(int(sys.argv[2])):
    pid = os.fork()
    if not pid:
        break
    time.sleep(random.uniform(0.005, 0.05))
    os.kill(pid, signal.SIGKILL)
    os.wait()
else:
    sys.exit()
number = 0
while True:
    with otel_crumbs.operation(f"work {number}"):
        for _ in range(50):
            otel_crumbs.record(f"<{number}:" + "x" * (number % 300) + f":{number}>")
            number += 1
"""


def test_whenever_a_process_is_killed_its_recording_can_be_read(
    recovery: Recovery, emitted: list[CapturedError], tmp_path: Path
) -> None:
    """No breadcrumb is torn, and nothing comes twice."""
    folder = tmp_path / "dead"
    subprocess.run([sys.executable, "-c", KILLER, str(folder), str(WRITERS)], check=True, stdout=subprocess.DEVNULL)
    failures: list[Any] = []
    stop = watch_failures(lambda *failure: failures.append(failure))

    found = look(recovery) + look(recovery)
    stop()

    events = [build(each) for each in emitted]
    assert failures == []
    assert found == len({event.event_id for event in events}) > 0
    for event in events:
        for crumb in event.breadcrumbs:
            first, _, rest = crumb.message.strip("<>").partition(":")
            assert crumb.category == "operation" or rest.endswith(f":{first}"), crumb.message
        numbers = [int(each.message[1:].partition(":")[0]) for each in event.breadcrumbs if each.message[0] == "<"]
        assert numbers == sorted(set(numbers))
    assert [each for each in folder.iterdir() if each.suffix == ".unreadable"] == []


def test_signals_are_as_they_were(tmp_path: Path) -> None:
    """The recorder takes none, and undoing it leaves nothing behind."""
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGABRT, signal.SIGCHLD)]
    recorder = Recorder(PrivateFolder(tmp_path / "dead"), dict)
    undo = recorder.install()
    assert undo is not None
    otel_crumbs.record("a note")
    undo()

    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGABRT, signal.SIGCHLD)] == before
    assert list((tmp_path / "dead").iterdir()) == []
