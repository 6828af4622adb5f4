"""Tests of `otel_crumbs.base.threads`: nobody's patches turn our threads into greenlets, and nobody waits for one."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from otel_crumbs.base.threads import (
    LazyThread,
    ThreadFlag,
    WakeUp,
    forbid_threads,
    has_no_threads,
    is_own_thread,
    is_own_work,
    mark_own_work,
    start_thread,
    wait_natively,
    wait_until,
)
from tests.delivery.running import until

PATIENCE = 10.0

GREENLETS = {
    "gevent": "import gevent.monkey; gevent.monkey.patch_all()",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}
# The main greenlet counts while a thread of ours is in a wait of the system's.
WAITING = """
import sys, time, warnings
warnings.simplefilter("ignore")
when, patch = sys.argv[1:]
if when == "before": exec(patch)
from otel_crumbs.base import threads
if when == "after": exec(patch)
wake_up, woken = threads.WakeUp(), []
assert threads.start_thread(lambda: woken.append(wake_up.wait(10)), "otel_crumbs test")
for _ in range(10): time.sleep(0.01)
print(woken)
wake_up.send()
print(threads.wait_until(lambda: woken, time.monotonic() + 10), woken)
"""


def test_a_thread_of_ours_is_listed_while_it_runs() -> None:
    """It has a name, keeps no program from ending, and is forgotten when it has ended."""
    wake_up, own = WakeUp(), []

    def work() -> None:
        own.append((is_own_thread(), is_own_work()))
        wake_up.wait(PATIENCE)

    started = start_thread(work, "otel_crumbs test")
    until(lambda: own)
    listed = [thread.daemon for thread in threading.enumerate() if thread.name == "otel_crumbs test"]
    wake_up.send()

    assert (started, own, listed) == (True, [(True, False)], [True])
    until(lambda: all(thread.name != "otel_crumbs test" for thread in threading.enumerate()))


def test_work_on_events_is_marked() -> None:
    """It may be in a thread that is not ours."""
    with mark_own_work(), mark_own_work():
        marked = is_own_thread(), is_own_work()

    assert marked == (False, True)
    assert not is_own_work()


def test_a_lazy_thread_runs_once_at_a_time() -> None:
    """It is started by whoever needs it first, and again when it has ended."""
    wake_up, runs = WakeUp(), []
    thread = LazyThread(lambda: runs.append(wake_up.wait(PATIENCE)))

    before = thread.alive
    for _ in range(5):
        thread.ensure_started()
    alive = thread.alive
    wake_up.send()
    until(lambda: not thread.alive)
    thread.ensure_started()
    wake_up.send()

    assert (before, alive) == (False, True)
    until(lambda: runs == [True, True])


def test_a_wake_up_that_nobody_waits_for_yet_ends_the_next_wait() -> None:
    """Several count as one."""
    wake_up = WakeUp()
    wake_up.send()
    wake_up.send()

    assert [wake_up.wait(PATIENCE), wake_up.wait(0.01)] == [True, False]


def test_a_wait_has_an_end() -> None:
    """It is over when what it waits for is true, or at the deadline."""
    asked: list[int] = []

    assert wait_until(lambda: len(asked) > 3 or asked.append(1), time.monotonic() + PATIENCE)
    assert not wait_until(lambda: False, time.monotonic() + 0.01)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("library", GREENLETS)
def test_threads_of_ours_are_no_greenlets(library: str, when: str) -> None:
    """Whether the library patches the process before or after the import: others run while a thread waits."""
    # Not by importing it: eventlet warns of every fork from then on.
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")

    done = subprocess.run(
        [sys.executable, "-c", WAITING, when, GREENLETS[library]],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )

    assert (done.stdout, done.stderr) == ("[]\nTrue [True]\n", "")


def test_no_thread_starts_when_the_interpreter_goes_down() -> None:
    """The caller is told, and waits for nothing."""
    program = """
from otel_crumbs.base.threads import start_thread
class Last:
    def __del__(self, start=start_thread, say=print): say(start(lambda: None))
import builtins
builtins.last = Last()
"""

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)

    assert (done.stdout, done.stderr) == ("False\n", "")


def test_no_thread_starts_while_that_is_forbidden() -> None:
    """Whoever would wait for it does the work himself, and the next one starts as ever."""
    done: list[str] = []
    thread = LazyThread(lambda: done.append("work"))
    undo = forbid_threads(lambda: True)

    thread.ensure_started()
    forbidden = has_no_threads(), start_thread(lambda: None), thread.alive
    undo()
    thread.ensure_started()
    until(lambda: done)

    assert forbidden == (True, False, False)
    assert not has_no_threads()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="threads have no masks of signals here")
def test_a_thread_in_apache_gets_no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Apache's own handler ends the process in the thread that it is called in; faults are the thread's own."""
    module = ModuleType("mod_wsgi")
    module.process_group = ""  # type: ignore[attr-defined]  # as mod_wsgi has it in Apache
    monkeypatch.setitem(sys.modules, "mod_wsgi", module)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    blocked: list[set[signal.Signals]] = []

    started = start_thread(lambda: blocked.append(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
    until(lambda: blocked)

    assert started
    assert {signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP} <= blocked[0]
    assert signal.SIGSEGV not in blocked[0]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_a_native_wait_has_an_end() -> None:
    """It says whether what it waited for came true."""
    seen = iter([False, False, True])

    came_true = wait_natively(lambda: next(seen), 60.0)

    assert came_true is True
    assert wait_natively(lambda: False, 0.01) is False


def test_a_flag_is_of_one_thread() -> None:
    """It is set inside the outermost block, and in no other thread."""
    flag = ThreadFlag()
    elsewhere: list[bool] = []

    with flag.set():
        with flag.set():
            pass
        thread = threading.Thread(target=lambda: elsewhere.append(flag.is_set))
        thread.start()
        thread.join()
        here = flag.is_set

    assert (here, elsewhere, flag.is_set) == (True, [False], False)


def test_a_forked_child_forgets_the_flags_of_other_threads() -> None:
    """Their identities may come again."""
    flag = ThreadFlag()
    flag._idents.add(-1)

    with flag.set():
        flag.reset_after_fork()
        kept = flag.is_set

    assert kept
    assert flag._idents == set()
