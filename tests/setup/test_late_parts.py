"""Tests of `otel_crumbs.setup.late_parts`: what an error needs is made in time, once, and by nobody who must not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otel_crumbs.setup.late_parts import LateParts, Parts
from tests.application import fail
from tests.conftest import GuardedFailures

# An application with a trail of every source that renders by itself.
APPLICATION = """
import http.client, json, logging, os, sqlite3, subprocess, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
import otel_crumbs

class Kept:
    name, spool = "kept", False
    def export(self, event, timeout):
        events.append(event)
        return otel_crumbs.export.DELIVERED
    def shutdown(self): pass

events = []
trace.set_tracer_provider(TracerProvider())
otel_crumbs.install(exporter=Kept(), capture="excepthook")

def work():
    for attributes in ({"db.system": "sqlite", "db.statement": "SELECT 1"}, {"http.method": "GET"}, {}):
        with trace.get_tracer("shop").start_as_current_span("span", attributes=attributes) as span:
            span.add_event("event", {"a": 1})
            span.record_exception(ValueError("inside"))
    otel_crumbs.record("note", data={"a": [1]})
    logging.getLogger("shop").info("line %s", 1)
    subprocess.run([sys.executable, "-c", ""])
"""

CAPTURE = """
    otel_crumbs.capture_exception(LookupError("boom"))
    before = set(sys.modules)
    assert otel_crumbs.flush(20)
    print(len(events), len(events[0].breadcrumbs) > 5, *sorted(set(sys.modules) - before), flush=True)
"""


def run(program: str, *arguments: str, **environment: str) -> list[str]:
    """Run a program, and return the words that it prints."""
    done = subprocess.run(
        [sys.executable, *arguments, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_a_worker_imports_nothing_when_it_renders() -> None:
    """A child that is forked meanwhile would wait forever for a module that is being imported."""
    assert run(APPLICATION + "if True:\n    work()" + CAPTURE) == ["1", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_child_imports_nothing_for_its_first_error() -> None:
    """Its parent imports what an error needs before it forks, and has captured none itself."""
    child = CAPTURE.replace("    otel", "    before = set(sys.modules)\n    otel", 1).replace(
        "    before = set(sys.modules)\n    assert", "    assert"
    )
    program = f"""{APPLICATION}
work()
before = set(sys.modules)
process = os.fork()
if process == 0:
    work()
{child}
    os._exit(0)
assert os.waitpid(process, 0)[1] == 0
"""
    assert run(program, "-W", "ignore::DeprecationWarning") == ["1", "True"]


FORKING = """
import os, sys, warnings
import otel_crumbs
otel_crumbs.install(capture="excepthook,unraisable")
sys.modules.pop("concurrent.futures.thread", None)
errors = []
sys.unraisablehook = errors.append
for _ in range(2):
    if os.fork() == 0:
        os._exit(len(errors))
    assert os.wait()[1] == 0
import concurrent.futures
with concurrent.futures.ThreadPoolExecutor() as pool:
    print(len(errors), pool.submit(int, "1").result())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_fork_imports_no_thread_pools() -> None:
    """Imported while the process forks, the module has Python release a lock that it has not taken."""
    assert run(FORKING, "-W", "ignore::DeprecationWarning") == ["0", "1"]


AT_THE_END = """
import atexit, otel_crumbs, otel_crumbs.setup.late_parts, sys
otel_crumbs.setup.late_parts._LONG_WORK = 60  # for a machine on which the start takes that long
atexit.register(lambda: print("otel_crumbs.event.build" in sys.modules))
otel_crumbs.install()
"""
FAILING = {
    "a finaliser": "class Failing:\n    def __del__(self): pass\nfailing = Failing()",
    "a generator": "def generate():\n    yield\nfailing = generate()\nnext(failing)",
}


@pytest.mark.parametrize("failing", FAILING.values(), ids=FAILING.keys())
def test_what_an_error_needs_is_imported_at_the_exit_where_an_object_is_left_that_may_fail(failing: str) -> None:
    """Nothing can be imported when the interpreter goes down, and finalisers run then."""
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END + failing], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stdout == "True\n"


def test_a_short_process_imports_nothing_at_its_end() -> None:
    """Where no such object is left, the end is as short as the start."""
    assert run(AT_THE_END) == ["False"]


class Making:
    """Makes parts that are none, and may be told to do something meanwhile."""

    def __init__(self, meanwhile: Callable[[], object] = object) -> None:
        self.meanwhile = meanwhile
        self.made = 0

    def __call__(self) -> Parts:
        """Make them."""
        self.made += 1
        self.meanwhile()
        nothing: Any = object()
        return Parts(nothing, nothing)


def test_parts_are_made_once() -> None:
    """Threads that need them at once wait for the one that makes them."""
    making = Making(lambda: barrier.wait(0.2) if barrier.n_waiting else None)
    barrier = threading.Barrier(2)
    late = LateParts(making)
    found: list[bool] = []

    threads = [threading.Thread(target=lambda: found.append(late.prepare())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (making.made, found) == (1, [True] * 4)


@pytest.mark.skipif(not hasattr(signal, "raise_signal"), reason="this platform has no signals")
def test_a_report_of_a_signal_handler_meanwhile_comes_later() -> None:
    """The handler runs in the thread that makes the parts, which waits for it: its report is made when they are."""
    story: list[object] = []
    making = Making(lambda: (signal.raise_signal(signal.SIGINT), story.append("made")))
    late = LateParts(making)

    before = signal.signal(signal.SIGINT, lambda *_: story.append(late.prepare(lambda: story.append("reported"))))
    try:
        late.prepare()
    finally:
        signal.signal(signal.SIGINT, before)

    assert story == [False, "made", "reported"]


def test_parts_that_could_not_be_made_are_made_later() -> None:
    """An exception that a signal handler throws in is the application's, and the next error finds no half a part."""
    making = Making(lambda: None if making.made > 1 else fail(TimeoutError()))
    late = LateParts(making)

    with pytest.raises(TimeoutError):
        late.prepare()

    assert late.delivery is None
    assert late.prepare() is True


def test_a_report_that_fails_late_is_reported(guarded_failures: GuardedFailures) -> None:
    """It stops neither the report that waits behind it, nor the one that has the parts made."""
    story: list[str] = []
    making = Making(lambda: (late.prepare(lambda: fail(KeyError())), late.prepare(lambda: story.append("second"))))
    late = LateParts(making)

    made = late.prepare()

    assert (made, story) == (True, ["second"])
    assert [type(error) for _, error in guarded_failures] == [KeyError]
    guarded_failures.clear()


@pytest.mark.parametrize("when", ["", "atexit.register(otel_crumbs.capture_exception, ValueError('late'))"])
def test_a_program_that_is_interrupted_ends_by_the_signal(when: str, tmp_path: Path) -> None:
    """The interpreter forgets that once modules with dataclasses are imported, which the parts are."""
    program = f"""
import atexit, os, signal, time
import otel_crumbs
class Careless:
    def __del__(self): pass
kept = Careless()
otel_crumbs.install(exporter="otlp")
{when}
os.kill(os.getpid(), signal.SIGINT)
time.sleep(30)
"""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_CRUMBS_FLUSH_TIMEOUT": "0.1"}
    environ = {**os.environ, **settings, "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False, env=environ)

    assert done.returncode == -signal.SIGINT, done.stderr
