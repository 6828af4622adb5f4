"""
The cause of a process's death, by what is left of it.

The parent's wait status says most. Without it there are the stacks that `faulthandler` wrote, the count of processes
that the system killed for want of memory, and what the process noted itself.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from typing import NamedTuple

from otel_crumbs.event import Frame

from .reading import RecordedProcess

# The signals of a failing instruction.
_FAILING = frozenset({"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"})
# People and systems ask a process to end by these: no failure while nothing is in flight.
_POLITE = frozenset({"SIGTERM", "SIGINT", "SIGHUP"})
_FATAL = re.compile(r"^(?:Fatal Python error|Windows fatal exception): (.+)$", re.MULTILINE)
_FRAME = re.compile(r'^  File "(?P<path>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')
_THREAD = re.compile(
    r"^(?P<current>Current t|T)hread 0x(?P<thread>[0-9a-f]+)[^\n]*\n(?P<frames>(?:  [^\n]*\n?)*)", re.MULTILINE
)


class Death(NamedTuple):
    """The cause of a death: the type that its event has, and a sentence."""

    type: str
    message: str


class Evidence(NamedTuple):
    """
    The evidence of a death, beside the recording.

    Args:
        status: The wait status that the parent has; None for who is not the parent.
        stacks: What `faulthandler` wrote.
        timed_out: Whether its server had lost its patience.
        out_of_memory: Whether a process of its cgroup was killed for want of memory since it began.

    """

    status: int | None = None
    stacks: str = ""
    timed_out: bool = False
    out_of_memory: bool = False


def find_cause(process: RecordedProcess, evidence: Evidence) -> Death | None:
    """Return the cause of a death, None where nothing says that it was a failure."""
    name = _find_signal(evidence.status)
    crash = _FATAL.search(evidence.stacks)
    reported = crash[1] if crash is not None else ""
    # The parent knows whether it was it that aborted the process; others do not.
    may_be_timeout = evidence.status is None and process.header.aborts_on_timeout
    if evidence.timed_out or (reported == "Aborted" and may_be_timeout):
        return Death("WorkerTimeout", "the worker was silent for more than its timeout, and did not react to SIGABRT")
    if name in _FAILING or (not name and reported and reported != "Aborted"):
        return Death("SegmentationFault", f"the process died of {name or 'a signal'}: {reported or 'no words'}")
    if name == "SIGABRT" or reported == "Aborted":
        return Death("Aborted", "the process was aborted")
    if name in {"SIGKILL", None} and evidence.out_of_memory:
        return Death("OutOfMemory", "the system killed the process for want of memory")
    return _find_other_cause(process, name, evidence.status)


def _find_other_cause(process: RecordedProcess, name: str | None, status: int | None) -> Death | None:
    noted = process.header.exit_status
    if noted is not None:
        return Death("Killed", f"the process ended itself by os._exit({noted}) in the middle of its work")
    if name is None or status is None:
        return _find_loss(process)
    if name:
        is_failure = process.has_work or name not in _POLITE
        return Death("Killed", f"the process was killed by {name}") if is_failure else None
    number = os.WEXITSTATUS(status)
    message = f"the process ended itself with status {number} in the middle of its work"
    return Death("Killed", message) if process.has_work else None


def _find_loss(process: RecordedProcess) -> Death | None:
    # A program that is stopped by SIGTERM ends without a word as well, and mostly has nothing to do.
    return Death("Killed", "the process was killed, or the machine was lost") if process.has_work else None


def _find_signal(status: int | None) -> str | None:
    """Return the name of the signal that ended a process, empty if it exited; None if nobody knows."""
    if status is None:
        return None
    if not os.WIFSIGNALED(status):
        return ""
    with suppress(ValueError):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"signal {os.WTERMSIG(status)}"


def find_thread(stacks: str) -> int:
    """Return the identity of the thread that crashed, 0 if unknown."""
    return next((int(each["thread"], 16) for each in _THREAD.finditer(stacks) if each["current"] != "T"), 0)


def read_frames(stacks: str, thread: int) -> tuple[Frame, ...]:
    """Return the frames of a thread, outermost first; none if it is not there."""
    # A thread that is about to begin has the identity of the one that started it, and no frames.
    found = (_parse_frames(each["frames"]) for each in _THREAD.finditer(stacks) if int(each["thread"], 16) == thread)
    return next(filter(None, found), ())


def _parse_frames(text: str) -> tuple[Frame, ...]:
    matches = map(_FRAME.match, text.splitlines())
    frames = [
        Frame(path=match["path"], line=int(match["line"]) if match["line"].isdigit() else 0, function=match["function"])
        for match in matches
        if match is not None
    ]
    return tuple(reversed(frames))
