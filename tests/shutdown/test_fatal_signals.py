"""Tests of `otel_crumbs.shutdown.fatal_signals`: the process dies of a signal, and loses no error."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.testing import capture_events

PROGRAM = """
import faulthandler, hashlib, os, signal, sys, threading, time
from signal import signal as set_handler
from otel_crumbs.shutdown import FatalSignals

def say(word):
    os.write(1, word.encode() + b"\\n")  # whole, whichever threads speak

safe = []
signals = FatalSignals(end=lambda: (say("ended"), safe.append(1)), is_unsafe=lambda: not safe, seconds=20)
undo = signals.install()

def begin():
    signals.find_actions()
    signals.hold_or_release()

def in_thread(function, *args):
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()

def kill(signum=signal.SIGTERM):
    os.kill(os.getpid(), signum)

def kill_soon(signum=signal.SIGTERM):
    threading.Timer(0.3, kill, (signum,)).start()

def own(*_):
    say("own")

{code}
print("survived", flush=True)
"""
# Takes longer than any test may.
IN_C = "hashlib.pbkdf2_hmac('sha256', b'x', b'y', 2_000_000_000)"


def run(code: str) -> tuple[int, str]:
    """Run the program; return its status and its output."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore:This process", "-c", PROGRAM.format(code=code)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def _default_action() -> Iterator[None]:
    """Begin without a handler of SIGTERM, and restore it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


EACH = """
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGWINCH, own)
for signum in (1, 2, 3, 10, 12, 14, 15, 24, 26, 27):
    for call in (lambda: begin(), lambda: in_thread(begin)):
        child = os.fork()
        if child == 0:
            call(); kill(signum); print("survived", flush=True); time.sleep(300)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signum, signum
"""


def test_the_process_dies_of_the_very_signal() -> None:
    """It does so after the work, whichever thread captured an error."""
    assert run(EACH) == (0, 20 * "ended\n" + "survived\n")


def test_a_process_that_ignores_interrupts_loses_no_error() -> None:
    """A shell starts what runs in its background like this; no signal is handled by Python then."""
    code = "undo(); signal.signal(signal.SIGINT, signal.SIG_IGN); undo = signals.install(); in_thread(begin); kill()"

    assert run(code) == (-signal.SIGTERM, "ended\n")


@pytest.mark.parametrize(
    "code",
    [
        "kill()",
        "begin(); safe.append(1); signals.release(); kill()",
        "begin(); safe.append(1); signals.hold_or_release(); time.sleep(1.5); kill()",
        f"begin(); safe.append(1); kill_soon(); signals.release(); {IN_C}",
        "begin(); undo(); kill()",
        "begin(); faulthandler.register(15, file=open(os.devnull, 'w'), chain=True); kill()",
        "begin(); faulthandler.register(15, file=open(os.devnull, 'w'), chain=True); undo(); kill()",
        "begin(); in_thread(undo); kill()",
        "in_thread(begin); in_thread(undo); kill()",
        "old = signal.signal(signal.SIGTERM, own); begin(); undo(); signal.signal(signal.SIGTERM, old); kill()",
        "begin(); old = signal.signal(15, own); in_thread(undo); signal.signal(15, old); kill()",
        f"kill_soon(); {IN_C}",
    ],
)
def test_without_an_error_that_is_not_safe_nothing_is_done(code: str) -> None:
    """The system ends the process itself, also after the hook was undone."""
    assert run(code) == (-signal.SIGTERM, "")


@pytest.mark.parametrize(
    "code",
    [
        "begin(); in_thread(kill)",
        "in_thread(begin); in_thread(kill)",
        "begin(); kill_soon(); time.sleep(300)",
        "begin(); kill_soon(); threading.Lock().acquire(timeout=300); threading.Event().wait(300)",
        f"begin(); kill_soon(); {IN_C}",
        f"in_thread(begin); kill_soon(); {IN_C}",
        "begin(); signal.alarm(1); signal.signal(signal.SIGALRM, lambda *_: kill()); time.sleep(300)",
        "begin(); signal.signal(signal.SIGTERM, own); signal.signal(signal.SIGTERM, signal.SIG_DFL); kill()",
        "signal.signal(signal.SIGTERM, own); begin(); signal.signal(signal.SIGTERM, signal.SIG_DFL); kill()",
        "sys.unraisablehook = own; begin(); kill(); time.sleep(300)",
        "begin(); time.sleep(1.5); kill(); time.sleep(300)",
        "begin(); safe.append(1); signals.hold_or_release(); kill(); time.sleep(300)",
        "begin(); safe.append(1); time.sleep(1.5); safe.clear(); signals.hold_or_release(); kill(); time.sleep(300)",
    ],
)
def test_the_error_is_saved_first(code: str) -> None:
    """It makes no difference what the threads are doing, nor who handled the signal before."""
    status, output = run(code)

    assert status == -signal.SIGTERM
    # Whoever is told of the signal besides may be told of it before or after.
    assert output.replace("own\n", "", 1) == "ended\n"


def test_a_handler_that_chains_finds_the_default_action() -> None:
    """Nobody finds a handler of the package, neither by `getsignal` nor as the one that was there."""
    code = """
begin()
found = signal.getsignal(signal.SIGTERM)
def handle(signum, frame):
    if callable(before):
        before(signum, frame)
    else:
        signal.signal(signum, signal.SIG_DFL)
        kill(signum)
before = signal.signal(signal.SIGTERM, handle)
print(found is before is signal.SIG_DFL, flush=True)
kill()
"""

    assert run(code) == (-signal.SIGTERM, "True\nended\n")


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("signal.signal(signal.SIGTERM, own); begin(); kill()", "own\nsurvived\n"),
        ("begin(); signal.signal(signal.SIGTERM, own); kill()", "own\nsurvived\n"),
        (
            "begin(); old = set_handler(15, own)\nfor _ in range(3): kill()\nset_handler(15, old); time.sleep(0.5)",
            "own\nown\nown\nsurvived\n",
        ),
        (
            "begin(); old = set_handler(15, own); kill(); set_handler(15, old); begin(); time.sleep(0.5)",
            "own\nsurvived\n",
        ),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN); begin(); kill()", "survived\n"),
        ("begin(); signal.signal(signal.SIGTERM, signal.SIG_IGN); kill()", "survived\n"),
        ("signal.pthread_sigmask(signal.SIG_BLOCK, {15}); begin(); kill(); signal.sigwait({15})", "survived\n"),
        ("begin(); signal.pthread_sigmask(signal.SIG_BLOCK, {15}); kill(); signal.sigwait({15})", "survived\n"),
        ("faulthandler.register(15, file=open(os.devnull, 'w')); begin(); kill(); undo(); kill()", "survived\n"),
    ],
)
def test_who_handles_the_signal_goes_on(code: str, output: str) -> None:
    """A handler, ignoring, blocking and `faulthandler` are left as they are."""
    assert run(code) == (0, output)


def test_the_wakeup_descriptor_is_left_to_others() -> None:
    """An event loop that sets its own finds none, and gets each signal; afterwards there is none again."""
    code = """
import socket
reader, writer = socket.socketpair()
writer.setblocking(False)
begin()
print(signal.set_wakeup_fd(writer.fileno()))
safe.append(1); signals.hold_or_release(); safe.clear(); signals.hold_or_release()
signal.signal(signal.SIGUSR1, own); kill(signal.SIGUSR1)
print(reader.recv(10) == bytes([signal.SIGUSR1]), signal.set_wakeup_fd(-1) == writer.fileno())
safe.append(1); signals.hold_or_release()
undo()
print(signal.set_wakeup_fd(-1))
"""

    assert run(code) == (0, "-1\nown\nTrue True\n-1\nsurvived\n")


FORKS = """
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGUSR2}})
before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
begin()
def fork():
    for _ in range(100):
        child = os.fork()
        if child == 0:
            {child}
            time.sleep(300)
        os.kill(child, signal.SIGTERM)
        died.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
died = []
fork()
in_thread(fork)
print(died == 200 * [-signal.SIGTERM], signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before)
safe.append(1)
"""


@pytest.mark.parametrize("child", ["pass", IN_C, "threading.Event().wait(300)"])
def test_a_forked_child_dies_at_once(child: str) -> None:
    """It does so in its first moments, from any thread, while its parent holds the signal; the mask is restored."""
    assert run(FORKS.format(child=child)) == (0, "True True\nsurvived\n")


def test_a_forked_child_saves_its_own_errors() -> None:
    """The parent is not ended by the signals of a child."""
    code = """
begin()
child = os.fork()
if child == 0:
    begin(); kill(); time.sleep(300)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
kill()
"""

    assert run(code) == (-signal.SIGTERM, "ended\n-15\nended\n")


@pytest.mark.usefixtures("_default_action")
@pytest.mark.parametrize("own", [signal.SIG_IGN, lambda *_: None])
def test_installing_changes_no_handler(own: Any) -> None:
    """What Python's table shows is what the application put there."""
    signal.signal(signal.SIGTERM, own)

    with capture_events():
        otel_crumbs.capture_exception(ValueError("boom"))

        assert signal.getsignal(signal.SIGTERM) is own


def test_what_python_has_is_replaced_only_while_a_signal_is_held() -> None:
    """A process that captured no error has its own functions; so has one whose errors are safe."""
    code = """
def look():
    return signal.signal, signal.set_wakeup_fd, signal.getsignal, os.kill, "ctypes" in sys.modules
before = look()
undo()
undo = signals.install()
print(look() == before)
begin()
print(look()[:2] != before[:2], look()[2:4] == before[2:4])
safe.append(1); signals.release()
print(look()[:4] == before[:4])
undo()
"""

    assert run(code) == (0, "True\nTrue True\nTrue\nsurvived\n")


def test_no_seconds_hold_no_signal() -> None:
    """Whoever gives a process no time at its end gets the system's own way of ending it."""
    before = sys.unraisablehook

    otel_crumbs.install(exporter="none", capture="excepthook", flush_timeout=0)

    assert sys.unraisablehook is before


def test_a_process_that_survives_the_signal_holds_it_again() -> None:
    """The first process of a container does not die of a signal that has its default action."""
    code = """
signals._exit_by = lambda _: signals._actions.set(15, 0)  # as the system leaves such a process
signals._end = lambda: print("saved", flush=True)
begin()
kill()
time.sleep(0.5)
print("again", flush=True)
kill()
time.sleep(0.5)
"""

    status, output = run(code)

    # The thread that watches and the main thread may both notice the signal.
    assert re.fullmatch("(saved\n)+again\n(saved\n)+survived\n", output)
    assert status == 0


def test_pools_end_though_their_parent_holds_the_signal() -> None:
    """A pool terminates its workers, often in their first moments."""
    code = """
import multiprocessing
begin()
for _ in range(20):
    with multiprocessing.get_context("fork").Pool(4):
        pass
safe.append(1)
"""

    assert run(code) == (0, "survived\n")
