"""What is mistyped at a prompt goes where it went, and is nobody's failure."""

from __future__ import annotations

import importlib.util
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .programs import Ended, Program

pty = pytest.importorskip("pty", reason="there are no terminals on this system")

MISTYPED = "1/0\nnonsense\ndef (:\n\nimport otel_crumbs; otel_crumbs.flush(5)\n"
SETTINGS = """
from django.conf import settings
settings.configure(INSTALLED_APPS=[])
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "shell", *{arguments!r}])
"""
CONSOLE = "import code\ncode.interact(banner='', exitmsg='')"
OWN_CONSOLE = """
import code, io, sys

class Console(code.InteractiveConsole):
    def write(self, data):
        print("console:", data)

console = Console()
for line in ("1/0", "def (:", "nonsense"):
    console.push(line)
"""
WITH_HOOK = "import sys\nsys.excepthook = lambda *error: print('own hook', error[1])\n"
needs_ipython = (
    pytest.mark.libraries,
    pytest.mark.skipif(importlib.util.find_spec("IPython") is None, reason="needs IPython"),
)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return a program in a folder of its own."""
    return Program(folder=tmp_path)


@pytest.mark.parametrize("code", [CONSOLE, OWN_CONSOLE, WITH_HOOK + CONSOLE, WITH_HOOK + OWN_CONSOLE])
def test_a_console_writes_errors_where_it_did(program: Program, code: str) -> None:
    """The module `code` asks whether `sys.excepthook` is Python's own."""
    ended = program.run_both(code, typed=MISTYPED)

    assert "ZeroDivisionError" in ended.stdout + ended.stderr or "division by zero" in ended.stdout
    assert ended.events == []


@pytest.mark.e2e
@pytest.mark.parametrize(
    "arguments",
    [
        ("-i", "app.py"),
        ("-i", "-c", "pass"),
        ("-m", "code"),
        ("-m", "pdb", "app.py"),
        pytest.param(("-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"), marks=needs_ipython),
        pytest.param(("-m", "IPython", "--no-banner", "-c", "1/0"), marks=needs_ipython),
    ],
    ids=" ".join,
)
def test_a_prompt_shows_errors_as_it_did(program: Program, arguments: tuple[str, ...]) -> None:
    """The output has each error, and no event follows."""
    ended = program.run_both("print('started')", *arguments, typed=MISTYPED)

    assert "ZeroDivisionError" in ended.stdout + ended.stderr
    assert ended.events == []


@pytest.mark.e2e
def test_the_prompt_of_asyncio_shows_errors_as_it_did(program: Program) -> None:
    """It has two threads, and which lines of theirs are shown is a matter of luck."""
    ended = program.run("", "-m", "asyncio", typed=MISTYPED)

    assert [ended.stderr.count(error) for error in ("ZeroDivisionError", "NameError", "SyntaxError")] == [1, 1, 1]
    assert ended.events == []


@pytest.mark.e2e
@pytest.mark.parametrize("arguments", [["-i", "python"], pytest.param(["-i", "ipython"], marks=needs_ipython)], ids=str)
def test_the_shell_of_django_shows_errors_as_it_did(program: Program, arguments: list[str]) -> None:
    """A typing error there is no error of the application's."""
    pytest.importorskip("django")

    ended = program.run_both(SETTINGS.format(arguments=arguments), IPY_TEST_SIMPLE_PROMPT="1")

    assert ended.events == []


@pytest.mark.e2e
def test_a_command_of_djangos_shell_that_fails_is_an_event(program: Program) -> None:
    """The process dies of it, as of any other."""
    pytest.importorskip("django")

    ended = program.run_both(SETTINGS.format(arguments=["-c", "1/0"]))

    assert [event[:3] for event in ended.events] == [("ZeroDivisionError: division by zero", "fatal", "excepthook")]


@pytest.mark.e2e
@pytest.mark.parametrize("terminal", ["dumb", "xterm"])
@pytest.mark.parametrize("arguments", [(), ("-i", "app.py")], ids=["python", "python -i"])
def test_a_terminal_shows_errors_as_it_did(program: Program, arguments: tuple[str, ...], terminal: str) -> None:
    """A terminal has an editor for its lines, since Python 3.13 another one."""
    shown = type_at_terminal(program, *arguments, TERM=terminal)

    assert shown.stdout.count("ZeroDivisionError: division by zero") == 1
    assert shown.stdout.count("NameError: name 'nonsense' is not defined") == 1
    assert shown.events == []


@pytest.mark.e2e
def test_a_script_before_a_prompt_at_a_terminal_is_an_error(program: Program) -> None:
    """`PYTHONINSPECT` asks for it without an argument."""
    shown = type_at_terminal(program, "app.py", code="raise ValueError('boom')", TERM="xterm", PYTHONINSPECT="1")

    assert "NameError: name 'nonsense' is not defined" in shown.stdout
    assert [event[:3] for event in shown.events] == [("ValueError: boom", "error", "excepthook")]


def type_at_terminal(program: Program, *arguments: str, code: str = "pass", **variables: str) -> Ended:
    """Run Python at a terminal, mistype a few lines, and leave."""
    env = program.prepare(code) | variables
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=program.folder,
        env=env,
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    shown = bytearray()
    for line in ("1/0", "nonsense", "exit()"):
        read_until_prompt(ours, shown)
        os.write(ours, f"{line}\n".encode())
    while read_some(ours, shown, seconds=20):
        pass
    status = process.wait(20)
    os.close(ours)
    return Ended(status=status, stdout=shown.decode(errors="replace"), stderr="", events=program.read_events())


def read_until_prompt(terminal: int, shown: bytearray) -> None:
    """Read what is shown, up to the next prompt."""
    begin = len(shown)
    until = time.monotonic() + 30
    while b">>> " not in shown[begin:] and time.monotonic() < until:
        read_some(terminal, shown, seconds=1)
    # An editor reads the terminal in a state of its own, which it takes up after the prompt.
    read_some(terminal, shown, seconds=0.3)


def read_some(terminal: int, shown: bytearray, *, seconds: float) -> bool:
    """Read what is shown now; return whether there was something."""
    if not select.select([terminal], [], [], seconds)[0]:
        return False
    try:
        data = os.read(terminal, 65536)
    except OSError:  # the last program at the terminal has ended
        return False
    shown += data
    return bool(data)
