"""The names of mechanisms that several stages know: their events are of failures that no exception object shows."""

from __future__ import annotations

# An answer says that the server failed, and no exception led to it.
ANSWER = "answer"
# A log line, or a log record, has a stack trace as text.
LOG_TEXT = "log_text"

# A process died, and another one found what it left.
CRASH = "crash"
# An operation or a worker takes longer than it may, and raises nothing.
HANG = "hang"

# These report an error elsewhere than it happens: wherever the garbage collector comes upon it, for one. The code that
# runs there has nothing to do with it.
ELSEWHERE = frozenset({"asyncio", HANG, "unraisable"})
