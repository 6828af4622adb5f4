"""
Which events arrive.

Each scenario starts a receiver and a program with the library in it, and
counts how often each of the program's errors arrives.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from receiver import Receiver
from scenario import Outcome, scenario

if TYPE_CHECKING:
    from libraries import Library

ABOUT = "Delivery"
PROGRAM = Path(__file__).with_name("program.py")

# What is not there by now does not come.
PATIENCE = 10.0


class Program:
    """A program of `program.py`, and the state that its user's home keeps between runs."""

    def __init__(self, library: Library, home: str) -> None:
        self._library = library.name
        self._home = home

    @contextmanager
    def run(self, what: str, receiver: Receiver) -> Iterator[subprocess.Popen[bytes]]:
        """Run it for as long as the block lasts, and then no longer."""
        environment = {
            **os.environ,
            "HOME": self._home,
            "XDG_STATE_HOME": self._home,
            "XDG_CACHE_HOME": self._home,
            "OTEL_SERVICE_NAME": "comparison",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        }
        arguments = [sys.executable, str(PROGRAM), self._library, what, receiver.dsn]
        running = subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE)
        try:
            yield running
        finally:
            running.kill()
            running.wait()

    def to_its_end(self, what: str, receiver: Receiver) -> None:
        """Run it until it ends."""
        with self.run(what, receiver) as running:
            running.wait(60)


def reported(receiver: Receiver, expected: Sequence[str], patience: float = PATIENCE) -> Outcome:
    """Return whether each of these errors arrives, and once."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not all(map(receiver.count, expected)):
        time.sleep(0.05)
    counts = [receiver.count(error) for error in expected]
    arrived, doubled = sum(map(bool, counts)), sum(count > 1 for count in counts)
    words = "" if arrived == len(expected) else f"{arrived} of {len(expected)} arrive"
    if doubled:
        words = ", ".join(filter(None, [words, f"{doubled} more than once"]))
    return Outcome(good=not words, words=words)


@contextmanager
def stage(library: Library) -> Iterator[tuple[Receiver, Program]]:
    """Set up a receiver and an empty home."""
    with tempfile.TemporaryDirectory() as home, Receiver() as receiver:
        yield receiver, Program(library, home)


def errors(count: int, name: str = "error") -> list[str]:
    """Return the names of errors as the programs make them."""
    return [f"<{name} {number}>" for number in range(count)]


@scenario(ABOUT, "A program that ends by an unhandled error")
def crash(library: Library) -> Outcome:
    """Let it crash."""
    with stage(library) as (receiver, program):
        program.to_its_end("crash", receiver)
        return reported(receiver, errors(1))


@scenario(ABOUT, "A program that ends right after it reported 5 errors")
def end(library: Library) -> Outcome:
    """Let it end."""
    with stage(library) as (receiver, program):
        program.to_its_end("end", receiver)
        return reported(receiver, errors(5))


@scenario(ABOUT, "SIGTERM right after 5 errors were reported")
def sigterm(library: Library) -> Outcome:
    """Stop it as a container's host does."""
    with stage(library) as (receiver, program):
        receiver.delay = 0.2
        with program.run("wait", receiver) as running:
            _read_line(running)
            running.send_signal(signal.SIGTERM)
            running.wait(30)
        return reported(receiver, errors(5))


@scenario(ABOUT, "SIGTERM right after 5 errors; what is missing comes with the next start of the program")
def sigterm_and_next_start(library: Library) -> Outcome:
    """Stop it, and start it again."""
    with stage(library) as (receiver, program):
        receiver.delay = 0.2
        with program.run("wait", receiver) as running:
            _read_line(running)
            running.send_signal(signal.SIGTERM)
            running.wait(30)
        program.to_its_end("later", receiver)
        return reported(receiver, errors(5))


@scenario(ABOUT, "`os._exit()` right after 5 errors; what is missing comes with the next start")
def hard_exit(library: Library) -> Outcome:
    """Let it go without a goodbye."""
    with stage(library) as (receiver, program):
        receiver.delay = 0.2
        program.to_its_end("hard_exit", receiver)
        program.to_its_end("later", receiver)
        return reported(receiver, errors(5))


@scenario(ABOUT, "`os.fork()` with 5 errors waiting: each arrives once, and the child's own too")
def fork_with_a_queue(library: Library) -> Outcome:
    """Fork while the receiver is slow."""
    with stage(library) as (receiver, program):
        receiver.delay = 0.2
        program.to_its_end("fork", receiver)
        return reported(receiver, [*errors(5), "<child 0>"])


@scenario(ABOUT, "An error in a child of `multiprocessing`")
def multiprocessing_child(library: Library) -> Outcome:
    """Report in a child."""
    with stage(library) as (receiver, program):
        program.to_its_end("multiprocessing", receiver)
        return reported(receiver, ["<child 0>"])


@scenario(ABOUT, "The receiver answers 503 for 2 seconds, and the program goes on")
def receiver_overloaded(library: Library) -> Outcome:
    """Say 503 for a while."""
    with stage(library) as (receiver, program):
        receiver.status = 503
        with program.run("stay", receiver) as running:
            _read_line(running)
            time.sleep(2)
            receiver.status = 200
            return reported(receiver, errors(5))


@scenario(ABOUT, "The receiver is down for 2 seconds, and the program goes on")
def receiver_down(library: Library) -> Outcome:
    """Listen late."""
    with stage(library) as (receiver, program):
        receiver.close()
        with program.run("stay", receiver) as running:
            _read_line(running)
            time.sleep(2)
            receiver.open()
            return reported(receiver, errors(5))


@scenario(ABOUT, "The receiver is down until after the program's end; its errors come with the next start")
def receiver_down_at_the_end(library: Library) -> Outcome:
    """Listen only when the program is started again."""
    with stage(library) as (receiver, program):
        receiver.close()
        program.to_its_end("end", receiver)
        receiver.open()
        program.to_its_end("later", receiver)
        return reported(receiver, errors(5))


@scenario(ABOUT, "An event too large for the receiver (413 over 200 kB) arrives in a smaller form")
def too_large(library: Library) -> Outcome:
    """Leave a hundred long breadcrumbs before the error."""
    with stage(library) as (receiver, program):
        receiver.largest = 200_000
        program.to_its_end("large", receiver)
        return reported(receiver, errors(1))


def _read_line(running: subprocess.Popen[bytes]) -> None:
    if running.stdout is not None:
        running.stdout.readline()
