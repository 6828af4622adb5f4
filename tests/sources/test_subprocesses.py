"""Subprocesses are breadcrumbs once they were waited for, and the application notices nothing of it."""

from __future__ import annotations

import asyncio
import asyncio.base_subprocess
import gc
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import run as run_imported_early
from typing import Any

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation

import otel_crumbs
from otel_crumbs.testing import capture_events
from otel_crumbs.trails import Breadcrumb

PYTHON = [sys.executable, "-c"]
NAME = Path(sys.executable).name
SLEEP = [*PYTHON, "import time; time.sleep(60)"]
METHODS = ("_execute_child", "wait", "communicate", "poll")

posix = pytest.mark.skipif(os.name != "posix", reason="signals and the shell are POSIX's")


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with capture_events():
        yield


def only_breadcrumb() -> Breadcrumb:
    """Return the breadcrumb of the only subprocess."""
    (breadcrumb,) = otel_crumbs.trail()
    return breadcrumb


def subprocesses() -> list[Breadcrumb]:
    """Return the trail without the warnings that asyncio logs where the machine is busy."""
    return [each for each in otel_crumbs.trail() if each.category == "subprocess"]


@pytest.mark.parametrize(("status", "level"), [(0, "info"), (3, "warning")])
def test_a_program_is_reported_with_its_status(status: int, level: str) -> None:
    """Name, status and duration are in the message, the arguments in the data."""
    subprocess.run([*PYTHON, f"raise SystemExit({status})", "hats"], check=False)

    breadcrumb = only_breadcrumb()
    assert (breadcrumb.type, breadcrumb.category, breadcrumb.level) == ("default", "subprocess", level)
    assert breadcrumb.message.startswith(f"{NAME} -> {status} in ")
    assert breadcrumb.data["program"] == sys.executable
    assert breadcrumb.data["arguments"] == ["-c", f"raise SystemExit({status})", "hats"]
    assert breadcrumb.data["exit_status"] == status
    assert breadcrumb.duration_ms == breadcrumb.data["duration_ms"] > 0


@posix
def test_a_program_that_a_signal_ends_is_reported_with_its_name() -> None:
    """A number would have to be looked up."""
    subprocess.run([*PYTHON, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"], check=False)

    breadcrumb = only_breadcrumb()
    assert breadcrumb.level == "warning"
    assert breadcrumb.message.startswith(f"{NAME} -> SIGKILL after ")
    assert (breadcrumb.data["signal"], breadcrumb.data["exit_status"]) == ("SIGKILL", -signal.SIGKILL)


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="only some systems have real-time signals")
def test_a_signal_without_a_name_is_reported_with_its_number() -> None:
    """Python names only the first and the last of the real-time signals."""
    nameless = signal.SIGRTMIN + 1
    subprocess.run([*PYTHON, f"import os; os.kill(os.getpid(), {nameless})"], check=False)

    assert f" -> signal {nameless} after " in only_breadcrumb().message


@pytest.mark.parametrize("call", [subprocess.run, subprocess.call, subprocess.Popen, subprocess.check_output])
def test_a_program_that_does_not_start_is_reported(call: Callable[[list[str]], object]) -> None:
    """It is an error, with the reason."""
    with pytest.raises(FileNotFoundError):
        call(["/nonexistent/hats", "--password", "hunter2"])

    breadcrumb = only_breadcrumb()
    assert breadcrumb.level == "error"
    assert breadcrumb.message.startswith("hats -> FileNotFoundError after ")
    assert breadcrumb.data["error"] == "FileNotFoundError: No such file or directory"
    assert "exit_status" not in breadcrumb.data


@pytest.mark.parametrize("options", [{}, {"capture_output": True}])
@pytest.mark.parametrize("call", [subprocess.run, subprocess.call])
def test_a_program_that_takes_too_long_is_reported(call: Callable[..., object], options: dict[str, bool]) -> None:
    """That it was killed is the consequence."""
    if call is subprocess.call and options:
        pytest.skip("it has no such argument")

    with pytest.raises(subprocess.TimeoutExpired):
        call(SLEEP, timeout=0.2, **options)

    breadcrumb = only_breadcrumb()
    assert breadcrumb.level == "warning"
    assert breadcrumb.message.startswith(f"{NAME} -> TimeoutExpired after ")


@posix
def test_a_program_that_was_only_looked_after_did_not_take_too_long() -> None:
    """Who waits again after a wait that was too short has not stopped the program."""
    with subprocess.Popen(SLEEP) as child:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait(timeout=30)

    assert " -> SIGKILL after " in only_breadcrumb().message


def test_every_function_that_waits_leaves_one_breadcrumb() -> None:
    """It makes no difference whether it was imported before or not, and what it does with the status."""
    run_imported_early([*PYTHON, "", "run"], check=True, capture_output=True)
    subprocess.call([*PYTHON, "", "call"])
    subprocess.check_call([*PYTHON, "", "check_call"])
    output = subprocess.check_output([*PYTHON, "print('hats')", "check_output"], text=True)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.check_call([*PYTHON, "raise SystemExit(1)", "check_call that fails"])
    with subprocess.Popen([*PYTHON, "", "communicate"], stdout=subprocess.PIPE) as child:
        child.communicate()
        child.wait()
    with subprocess.Popen([*PYTHON, "", "poll"]) as child:
        while child.poll() is None:
            time.sleep(0.01)

    assert output == "hats\n"
    assert [
        (breadcrumb.data["arguments"][-1], breadcrumb.data["exit_status"]) for breadcrumb in otel_crumbs.trail()
    ] == [
        ("run", 0),
        ("call", 0),
        ("check_call", 0),
        ("check_output", 0),
        ("check_call that fails", 1),
        ("communicate", 0),
        ("poll", 0),
    ]


def test_a_program_that_nobody_waits_for_is_not_reported() -> None:
    """Nobody knows how it ended."""
    child = subprocess.Popen([*PYTHON, ""])

    trail = otel_crumbs.trail()

    child.wait()
    assert trail == ()


def test_a_program_belongs_to_the_branch_that_waits_for_it() -> None:
    """A thread that has waited has a trail of its own."""
    trails = []

    def wait() -> None:
        child.wait()
        trails.append(otel_crumbs.trail())

    child = subprocess.Popen([*PYTHON, ""])
    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()

    assert ([len(trail) for trail in trails], otel_crumbs.trail()) == ([1], ())


def test_nothing_is_reported_of_work_that_is_not_the_applications() -> None:
    """OpenTelemetry's suppression is on where the package itself is at work."""
    with suppress_instrumentation():
        subprocess.run([*PYTHON, ""], check=True)
        with pytest.raises(FileNotFoundError):
            subprocess.run(["/nonexistent/hats"], check=True)

    assert otel_crumbs.trail() == ()


@posix
def test_a_command_of_the_shell_is_reported_scrubbed() -> None:
    """There is no other name for it."""
    subprocess.run("PGPASSWORD=hunter2  true \t --token abc https://me:hunter2@shop.example/x", shell=True, check=True)  # noqa: S602, S607 - it is what is tested

    breadcrumb = only_breadcrumb()
    message = "PGPASSWORD=[scrubbed: password] true --token [scrubbed: token] https://shop.example/x -> 0 in "
    assert breadcrumb.message.startswith(message)
    assert "hunter2" not in str(breadcrumb)
    assert "program" not in breadcrumb.data


@posix
@pytest.mark.parametrize("before", [90, 990])
def test_a_secret_where_a_command_is_cut_is_scrubbed(before: int) -> None:
    """A quote that stays open would hide the end of the secret from the scrubber."""
    subprocess.run(f"true {'x' * before} password='correct horse battery staple {'y' * 200}'", shell=True, check=True)  # noqa: S602 - it is what is tested

    breadcrumb = only_breadcrumb()
    assert len(breadcrumb.message) < 160
    assert "horse" not in str(breadcrumb)


@posix
def test_a_command_without_a_shell_is_reported_as_it_was_meant() -> None:
    """The last word of it is no program's name."""
    with pytest.raises(FileNotFoundError):
        subprocess.run("ls -l /tmp/hats", check=True)  # noqa: S607 - it is what is tested

    assert only_breadcrumb().message.startswith("ls -l /tmp/hats -> FileNotFoundError after ")


def test_arguments_are_scrubbed_and_bounded() -> None:
    """The trail is no dump of a command line."""
    arguments = ["--password", "hunter2", "--api-key=hunter2", "ftp://me:hunter2@host/x", "x" * 5000, *["y"] * 500]

    subprocess.run([*PYTHON, "", *arguments], check=True)

    breadcrumb = only_breadcrumb()
    shown = breadcrumb.data["arguments"]
    assert "hunter2" not in str(breadcrumb)
    assert shown[2:6] == ["--password", "[scrubbed: password]", "--api-key=[scrubbed: key]", "ftp://host/x"]
    assert (len(shown), len(shown[6]), shown[-1]) == (33, 256, "…")


@posix
def test_arguments_of_any_kind_reach_the_program() -> None:
    """Paths and bytes are read, an iterator is the application's to exhaust."""
    output = subprocess.check_output([Path(sys.executable), b"-c", "print(1)"])
    again = subprocess.check_output(iter([*PYTHON, "print(2)"]))

    first, second = otel_crumbs.trail()
    assert (output, again) == (b"1\n", b"2\n")
    assert (first.data["program"], first.data["arguments"]) == (sys.executable, ["-c", "print(1)"])
    assert "iterator" in second.message


@pytest.mark.parametrize("arguments", [[], [1], ["a\0b"], [*PYTHON, "\udcff" * 2]])
def test_arguments_that_cannot_be_used_fail_as_before(arguments: list[Any]) -> None:
    """The exception is Python's own."""
    before = outcome_of(arguments)
    otel_crumbs.uninstall()

    assert before == outcome_of(arguments)


def outcome_of(arguments: list[Any]) -> tuple[Any, ...]:
    """Return the result of running a program, or the exception with its traceback's functions."""
    try:
        return (subprocess.run(arguments, check=False).returncode,)
    except Exception as error:  # noqa: BLE001 - any
        # Python 3.10 keeps the frames of stand-ins.
        frames = traceback.extract_tb(error.__traceback__) if sys.version_info >= (3, 11) else []
        return type(error), str(error), [each.name for each in frames]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 keeps the frame")
@pytest.mark.parametrize(
    "fail",
    [
        lambda: subprocess.run(["/nonexistent/hats"], check=True),
        lambda: subprocess.run(SLEEP, timeout=0.01, check=True),
        lambda: subprocess.run(SLEEP, timeout=0.01, check=True, capture_output=True),
        lambda: subprocess.check_call([*PYTHON, "raise SystemExit(1)"]),
    ],
)
def test_tracebacks_have_no_frame_of_ours(fail: Callable[[], object]) -> None:
    """They are what they would be without breadcrumbs."""
    with pytest.raises((OSError, subprocess.SubprocessError)) as raised:
        fail()

    paths = {each.filename for each in traceback.extract_tb(raised.value.__traceback__)}
    assert paths <= {__file__, subprocess.__file__}


def test_signatures_stay() -> None:
    """Tools that look at them see Python's own, and undoing puts the very functions back."""
    hooked = {name: getattr(subprocess.Popen, name) for name in METHODS}
    otel_crumbs.uninstall()
    own = {name: getattr(subprocess.Popen, name) for name in METHODS}

    assert all(hooked[name] is not own[name] for name in METHODS)
    assert {name: inspect.signature(each) for name, each in hooked.items()} == {
        name: inspect.signature(each) for name, each in own.items()
    }
    assert {each.__module__ for each in own.values()} == {"subprocess"}


def test_a_program_that_outlives_the_installation_ends_as_ever() -> None:
    """Its Popen stays Python's own."""
    with subprocess.Popen([*PYTHON, "raise SystemExit(3)"]) as child:
        otel_crumbs.uninstall()

        assert child.wait() == 3


def test_no_object_of_the_application_is_kept() -> None:
    """Neither the Popen nor its arguments live longer than without breadcrumbs."""

    class Word(str):
        """A text of the application's own, which can be watched."""

        __slots__ = ("__weakref__",)

    word = Word("hats")
    child = subprocess.Popen([*PYTHON, "", word])
    child.wait()
    kept = weakref.ref(child), weakref.ref(word)

    assert child.__dict__.keys() & {"_otel_crumbs_pending"} == set()
    del child, word
    gc.collect()
    assert ([each() for each in kept], len(otel_crumbs.trail())) == ([None, None], 1)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no such warning of subprocesses")
def test_a_warning_for_the_caller_names_the_caller() -> None:
    """Python looks for the first frame outside of its own module."""
    program = (
        "import subprocess, sys, otel_crumbs\n"
        "otel_crumbs.install(exporter='none')\n"
        "subprocess.run([sys.executable, '-c', ''], text=True)\n"
    )

    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", program], capture_output=True, check=True, text=True
    )

    named = [line for line in done.stderr.splitlines() if "EncodingWarning" in line and "otel_crumbs" in line]
    assert ("<string>:3: EncodingWarning" in done.stderr, named) == (True, [])


@posix
def test_a_subprocess_of_asyncio_belongs_to_the_task_that_started_it() -> None:
    """The event loop waits for it, in no task; whoever waits for the loop has the breadcrumb already."""

    async def run(status: int) -> list[str]:
        program = [*PYTHON, f"raise SystemExit({status})", "--token", "hunter2"]
        child = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
        await child.communicate()
        return [each.message.partition(" in ")[0] for each in subprocesses()]

    async def run_all() -> list[list[str]]:
        shell = await asyncio.create_subprocess_shell("exit 4")
        await shell.wait()
        return await asyncio.gather(run(0), run(3))

    first, second = asyncio.run(run_all())

    assert first == ["exit 4 -> 4", f"{NAME} -> 0"]
    assert second == ["exit 4 -> 4", f"{NAME} -> 3"]


@posix
def test_a_subprocess_of_asyncio_that_is_killed_is_reported() -> None:
    """So is one that does not start; the arguments are scrubbed."""

    async def run() -> list[Breadcrumb]:
        child = await asyncio.create_subprocess_exec(*SLEEP, "--password", "hunter2")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(child.wait(), 0.01)
        child.kill()
        await child.wait()
        with pytest.raises(FileNotFoundError):
            await asyncio.create_subprocess_exec("/nonexistent/hats")
        return subprocesses()

    killed, missing = asyncio.run(run())

    assert killed.message.startswith(f"{NAME} -> SIGKILL after ")
    assert killed.data["arguments"][-2:] == ["--password", "[scrubbed: password]"]
    assert missing.message.startswith("hats -> FileNotFoundError after ")


def test_undoing_puts_the_method_of_asyncio_back() -> None:
    """Until then it looks as it did."""
    transport = asyncio.base_subprocess.BaseSubprocessTransport
    hooked = vars(transport)["_process_exited"]

    otel_crumbs.uninstall()

    own = vars(transport)["_process_exited"]
    assert hooked is not own
    assert inspect.signature(hooked) == inspect.signature(own)


def test_a_subprocess_of_gevent_is_reported() -> None:
    """Its Popen has methods of its own, with the arguments in another order."""
    pytest.importorskip("gevent")
    program = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import subprocess, otel_crumbs\n"
        "otel_crumbs.install(exporter='none')\n"
        "subprocess.run('exit 3', shell=True)\n"
        "try: subprocess.run('exec sleep 60', shell=True, timeout=0.2)\n"
        "except subprocess.TimeoutExpired: pass\n"
        "print(*(each.message for each in otel_crumbs.trail()), sep='\\n')\n"
    )
    done = subprocess.run([*PYTHON, program], capture_output=True, check=True, text=True, timeout=60)

    first, second = done.stdout.splitlines()
    assert first.startswith("exit 3 -> 3 in ")
    assert second.startswith("exec sleep 60 -> TimeoutExpired after ")
