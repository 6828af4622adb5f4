"""What the program dies of is one event, whatever prints it; what is mistyped at a prompt is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from otel_crumbs.testing import capture_events

from .programs import Program

DIES = """
import sys
import otel_crumbs

{after}

def main():
    otel_crumbs.record("about to fail")
    raise ValueError("boom")

main()
"""
DEATH = ("ValueError: boom", "fatal", "excepthook", ["about to fail"])
# Python 3.12.0 and 3.12.1 start no thread once the main thread is done: https://github.com/python/cpython/issues/113964
STARTS_THREADS = not (3, 12) <= sys.version_info < (3, 12, 2)

HOOKS = {
    "none": "",
    "calls the one it found": """
found = sys.excepthook
sys.excepthook = lambda *error: (print("sorry", file=sys.stderr), found(*error))
""",
    "calls Python's": "sys.excepthook = lambda *error: sys.__excepthook__(*error)",
    "calls none": "sys.excepthook = lambda kind, error, traceback: print('sorry', error, file=sys.stderr)",
    "exits": "def hook(*error): raise SystemExit(7)\nsys.excepthook = hook",
    "fails": "def hook(*error): raise KeyError('hook')\nsys.excepthook = hook",
    "ends the process": "import os\ndef hook(*error): os._exit(5)\nsys.excepthook = hook",
    "takes the frames off": "def hook(kind, error, traceback): error.__traceback__ = None\nsys.excepthook = hook",
    "forgets the traceback": "def hook(*error): del sys.last_traceback\nsys.excepthook = hook",
}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return a program in a folder of its own."""
    return Program(folder=tmp_path)


@pytest.mark.e2e
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_crash_is_one_event_whatever_hook_came_later(program: Program, hook: str) -> None:
    """The output and the status are those of the hook."""
    ended = program.run_both(DIES.format(after=hook))

    assert ended.status != 0
    assert ended.events == [DEATH]


@pytest.mark.e2e
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_a_crash_is_one_event_whatever_hook_was_there(tmp_path: Path, hook: str) -> None:
    """A hook that is there first is called as if nobody else was there."""
    program = Program(folder=tmp_path, before=hook)

    ended = program.run_both(DIES.format(after=""))

    assert ended.events == [DEATH]


@pytest.mark.e2e
@pytest.mark.parametrize(
    "arguments",
    [("-m", "app"), ("-c", DIES.format(after="")), (".",), ("-",), ("-X", "dev", "app.py"), ("-S", "starts.py")],
    ids=["module", "command", "folder", "standard input", "development mode", "no site"],
)
def test_a_crash_is_one_event_however_the_program_is_started(program: Program, arguments: tuple[str, ...]) -> None:
    """As a module, as a command, from a folder, and by standard input."""
    code = DIES.format(after="")
    (program.folder / "__main__.py").write_text(code)
    (program.folder / "starts.py").write_text(f"import sys; sys.path[:0] = {sys.path!r}; import sitecustomize\n{code}")

    ended = program.run_both(code, *arguments, typed=code)

    assert ended.status == 1
    assert ended.events == [DEATH]


@pytest.mark.parametrize("arguments", [(), ("-c", "def (:"), ("-",)], ids=["file", "command", "standard input"])
def test_a_program_that_cannot_be_compiled_is_one_event(program: Program, arguments: tuple[str, ...]) -> None:
    """It dies without a traceback."""
    ended = program.run_both("def (:", *arguments, typed="def (:")

    [(title, *rest)] = ended.events
    assert title.startswith("SyntaxError: invalid syntax")
    assert rest == ["fatal", "excepthook", []]


def test_a_crash_that_left_a_span_has_its_trail(program: Program) -> None:
    """The exception remembers where it comes from when every context is gone."""
    code = """
import otel_crumbs
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

trace.set_tracer_provider(TracerProvider())
with trace.get_tracer("shop").start_as_current_span("job"):
    otel_crumbs.record("inside")
    raise ValueError("boom")
"""
    [(title, _, _, trail)] = program.run_both(code).events
    assert title == "ValueError: boom"
    assert "inside" in trail


@pytest.mark.skipif(sys.version_info >= (3, 11), reason="Python prints exception groups itself")
@pytest.mark.parametrize("first", ["exceptiongroup", "otel_crumbs"])
def test_a_group_of_the_backport_is_printed_with_its_members(tmp_path: Path, first: str) -> None:
    """The backport takes part in printing only where `sys.excepthook` is Python's own."""
    program = Program(folder=tmp_path, before=f"import {first}")

    ended = program.run_both(
        "import exceptiongroup as e; raise e.ExceptionGroup('all', [ValueError('one'), KeyError(2)])"
    )

    assert "ValueError: one" in ended.stderr
    assert [event[0] for event in ended.events] == ["ExceptionGroup: all (2 sub-exceptions)"]


@pytest.mark.libraries
@pytest.mark.parametrize(
    "start",
    [
        "import rich.traceback; rich.traceback.install()",
        "import IPython.core.ultratb as u; sys.excepthook = u.VerboseTB()",
        "import faulthandler; faulthandler.enable()",
        "import opentelemetry.instrumentation.exceptions as o; o.UnhandledExceptionInstrumentor().instrument()",
    ],
    ids=lambda start: start.split()[1].rstrip(";"),
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_crash_is_one_event_beside_other_tools(tmp_path: Path, start: str, order: str) -> None:
    """What they print and how the process ends is theirs."""
    pytest.importorskip(start.split()[1].rstrip(";"))
    program = Program(folder=tmp_path, before=start if order == "before" else "")

    [(*death, trail)] = program.run_both(DIES.format(after=start if order == "after" else "")).events

    assert [*death, trail[-1:]] == list(DEATH)


@pytest.mark.libraries
def test_a_command_of_typer_that_fails_is_an_event(program: Program) -> None:
    """Typer's hook comes when the command runs, and calls none."""
    pytest.importorskip("typer")
    code = "import typer\napp = typer.Typer()\n@app.command()\ndef main(): raise ValueError('boom')\napp()"

    ended = program.run_both(code)

    assert [event[:3] for event in ended.events] == [("ValueError: boom", "fatal", "excepthook")]


def test_nothing_is_replaced(program: Program) -> None:
    """The hook of the interpreter is the one that everybody finds and compares."""
    ended = program.run_both("import sys, threading; print(sys.excepthook is sys.__excepthook__, sys.excepthook)")

    assert ended.stdout.startswith("True <built-in")


@pytest.mark.skipif(not STARTS_THREADS, reason="nothing can be sent before the threads end")
def test_a_crash_is_sent_while_other_threads_go_on(program: Program) -> None:
    """The main thread is dead, and the process waits for the others."""
    code = """
import os, threading, time

def wait():
    end = time.monotonic() + 20
    while not os.path.exists(os.environ["EVENTS"]) and time.monotonic() < end:
        time.sleep(0.05)
    print("sent", os.path.exists(os.environ["EVENTS"]))

threading.Thread(target=wait).start()
raise ValueError("boom")
"""
    ended = program.run(code)

    assert ended.stdout == "sent True\n"
    assert [event[0] for event in ended.events] == ["ValueError: boom"]


@pytest.mark.skipif(not STARTS_THREADS, reason="nothing can be sent before the threads end")
def test_a_crash_is_sent_while_a_pool_goes_on(program: Program) -> None:
    """A pool of threads that was imported later waits for its jobs first."""
    code = """
import os, time
from concurrent.futures import ThreadPoolExecutor

def wait():
    end = time.monotonic() + 20
    while not os.path.exists(os.environ["EVENTS"]) and time.monotonic() < end:
        time.sleep(0.05)
    print("sent", os.path.exists(os.environ["EVENTS"]))

ThreadPoolExecutor(1).submit(wait)
raise ValueError("boom")
"""
    ended = program.run(code)

    assert ended.stdout == "sent True\n"
    assert [event[0] for event in ended.events] == ["ValueError: boom"]


def test_a_child_that_dies_is_one_event_of_its_own(program: Program) -> None:
    """A child made by fork goes through the whole program's end."""
    code = """
import os

if os.fork() == 0:
    raise ValueError("child")
os.wait()
raise ValueError("parent")
"""
    ended = program.run_both(code)

    assert sorted(event[0] for event in ended.events) == ["ValueError: child", "ValueError: parent"]


@pytest.mark.parametrize("way", ["raise KeyboardInterrupt", "raise SystemExit(3)", "pass"])
def test_a_program_that_stops_is_no_event(program: Program, way: str) -> None:
    """Ctrl-C and exit codes are no failures."""
    assert program.run_both(way).events == []


def test_an_error_that_others_keep_is_no_crash(program: Program) -> None:
    """A toolkit's callback and a test runner keep their errors where the interpreter keeps its own."""
    code = """
import sys

def callback():
    raise ValueError("boom")

def loop():
    try:
        callback()
    except ValueError as error:
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
        sys.last_exc = error
        sys.excepthook(type(error), error, error.__traceback__)

loop()
"""
    assert program.run_both(code).events == []


def test_a_crash_after_uninstalling_is_no_event(program: Program) -> None:
    """What was registered is taken out."""
    assert program.run_both("import otel_crumbs; otel_crumbs.uninstall(); raise ValueError('boom')").events == []


def test_uninstalling_leaves_no_function_behind() -> None:
    """The list of what `threading` calls at the end is as it was."""
    import threading  # noqa: PLC0415 - only its private list is wanted here

    before = list(threading._threading_atexits)  # type: ignore[attr-defined]  # nothing public tells

    with capture_events():
        assert threading._threading_atexits != before  # type: ignore[attr-defined]  # nothing public tells

    assert threading._threading_atexits == before  # type: ignore[attr-defined]  # nothing public tells


@pytest.mark.parametrize("variables", [{}, {"PYTHONINSPECT": "1"}], ids=["-i", "PYTHONINSPECT"])
def test_a_script_that_fails_before_a_prompt_is_an_error(program: Program, variables: dict[str, str]) -> None:
    """The process goes on, so it is not fatal; what is mistyped after that is no event, and hides nothing."""
    ended = program.run_both(DIES.format(after=""), "-i", str(program.file), typed="1/0\nnonsense\n", **variables)

    assert ended.stderr.count("Error: ") == 3
    assert ended.events == [("ValueError: boom", "error", "excepthook", ["about to fail"])]


def test_a_script_that_no_prompt_follows_is_fatal(program: Program) -> None:
    """`PYTHONINSPECT` asks for a prompt only where there is a terminal."""
    ended = program.run_both(DIES.format(after=""), PYTHONINSPECT="1")

    assert ended.events == [DEATH]
