"""
Subprocesses: how the programs ended that the application started with `subprocess`, and which did not start.

`subprocess.run`, `call`, `check_call`, `check_output` and `os.popen` all end in
`subprocess.Popen`, so its methods are hooked: this works too for functions that
were imported before. A child is a breadcrumb when somebody has waited for it.
asyncio starts its children by `Popen`, and waits for them by itself: such a child is
a breadcrumb of the task that started it, when the event loop learns of its end.
Those of uvloop have a module of their own.
"""

from __future__ import annotations

import inspect
import os
import re
import signal
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.instrumentations import is_instrumentation_enabled
from otel_crumbs.base.patching import Make, Patch, Undo, combine, find_argument, on_import, replace
from otel_crumbs.base.plain import CUT, MAX_MESSAGE, to_plain, to_text
from otel_crumbs.trails import Branch, Breadcrumb, Entry, EntryKind, current

from .spans.entry import format_duration

_MS = 1e6
_MAX_ARGUMENTS, _LONGEST_ARGUMENT = 32, 256
_LONGEST_COMMAND, _LONGEST_NAME = 1024, 120

# The attribute in which a Popen, or a protocol of asyncio's, keeps what was started, until somebody has waited for it.
PENDING = "_otel_crumbs_pending"

# A URL's user and password, which no key tells the scrubber of.
_USERINFO = re.compile(r"(?<=://)[^/\s]*@")


class PendingChild(NamedTuple):
    """A child that was started; *arguments* is None where *program* is a whole command line."""

    started: int
    program: str
    arguments: tuple[str, ...] | None
    expired: bool = False
    # Where it was started; the Popen must not keep that alive.
    starter: weakref.ref[Branch] | None = None


class ChildEntry(NamedTuple):
    """The references to a child that ended or did not start; the first five are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    category: str
    program: str
    arguments: tuple[str, ...] | None
    status: int | None
    error: str | None
    ended: int


def install() -> Undo:
    """Record subprocesses once `subprocess` is imported; return the function that undoes it."""
    return combine(on_import("subprocess", _hook), on_import("asyncio.base_subprocess", _hook_asyncio))


def _hook_asyncio(base_subprocess: Any) -> Undo:
    return replace(base_subprocess.BaseSubprocessTransport, "_process_exited", _make_process_exited)


def _hook(subprocess: Any) -> Undo:
    popen = subprocess.Popen
    return combine(
        # A stand-in for __init__ would be blamed for the EncodingWarning that Popen has for its caller.
        replace(popen, "_execute_child", _make_execute_child),
        replace(popen, "wait", _make_following(subprocess.TimeoutExpired, timeout_at=1)),
        replace(popen, "communicate", _make_following(subprocess.TimeoutExpired, timeout_at=2)),
        replace(popen, "poll", _make_following(subprocess.TimeoutExpired, timeout_at=None)),
    )


def render_child(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a child that ended, or did not start."""
    kept = ChildEntry._make(entry)
    took_ms = round((kept.ended - kept.timestamp) / _MS, 3)
    took = format_duration(took_ms)
    killed_by = _name_signal(kept.status)
    failure = kept.error.partition(":")[0] if kept.error else killed_by
    outcome = f"-> {failure} after {took}" if failure else f"-> {kept.status} in {took}"
    is_command = kept.arguments is None
    known = {
        "command" if is_command else "program": kept.program,
        "arguments": list(kept.arguments) if kept.arguments else None,
        "exit_status": kept.status,
        "signal": killed_by,
        "error": kept.error,
    }
    yield Breadcrumb(
        timestamp=kept.timestamp,
        category="subprocess",
        level=_find_level(kept.status),
        message=to_text(f"{_shorten(kept.program, is_command=is_command)} {outcome}", MAX_MESSAGE),
        data={**{key: value for key, value in known.items() if value is not None}, "duration_ms": took_ms},
        duration_ms=took_ms,
        branch=kept.branch,
    )


CHILD = EntryKind(render=render_child)


def _make_execute_child(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
    # Its place differs between Python's Popen and gevent's.
    shell_at = [*inspect.signature(original).parameters].index("shell")

    @guarded("a subprocess was started")
    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> PendingChild | None:
        if not is_instrumentation_enabled():
            return None
        return describe_command(args[0].args, shell=bool(find_argument(args, kwargs, shell_at, "shell")))

    @guarded("a subprocess was remembered")
    def remember(popen: Any, pending: PendingChild | None) -> None:
        if pending is not None:
            popen.__dict__[PENDING] = pending._replace(starter=current.find_branch().me)

    def _execute_child(*args: Any, **kwargs: Any) -> None:
        pending = begin(args, kwargs) if patch.active and args else None
        try:
            original(*args, **kwargs)
        except BaseException as error:
            record_child(pending, None, error)
            remove_own_frame(error)
            raise
        remember(args[0], pending)

    return _execute_child


def _make_following(expired: type[BaseException], *, timeout_at: int | None) -> Make:
    """
    Return the maker of stand-ins for a method by which one waits for a child.

    Args:
        expired: The exception of a wait that took too long.
        timeout_at: The place of the argument `timeout`, None for a method that never waits.

    """

    def make(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        @guarded("a subprocess was waited for")
        def follow(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            popen = args[0]
            if popen.returncode is None or (pending := popen.__dict__.pop(PENDING, None)) is None:
                return
            # Somebody who waits without a limit after a wait that was too long has stopped the child in between.
            is_patient = timeout_at is not None and find_argument(args, kwargs, timeout_at, "timeout") is None
            record_child(pending._replace(expired=pending.expired and is_patient), popen.returncode, None)

        @guarded("a subprocess took too long")
        def mark_expired(popen: Any) -> None:
            pending = popen.__dict__.get(PENDING)
            if pending is not None:
                popen.__dict__[PENDING] = pending._replace(expired=True)

        def method(*args: Any, **kwargs: Any) -> Any:
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                if patch.active and args and issubclass(type(error), expired):
                    mark_expired(args[0])
                remove_own_frame(error)
                raise
            if patch.active and args:
                follow(args, kwargs)
            return result

        return method

    return make


def _make_process_exited(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
    def _process_exited(*args: Any, **kwargs: Any) -> None:
        # Whoever waits for the child goes on after this.
        popen = getattr(args[0], "_proc", None) if patch.active and args else None
        try:
            original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        if popen is not None:
            record_end(popen, popen.returncode)

    return _process_exited


@guarded("a subprocess of an event loop ended")
def record_end(keeper: Any, status: int | None) -> None:
    """Record a child that an event loop started, and which an object keeps in mind, where it was started."""
    pending = getattr(keeper, "__dict__", {}).pop(PENDING, None)
    # A callback of the event loop may run here, in no task.
    branch = pending.starter() if pending is not None else None
    if branch is not None:
        record_child(pending, status, None, branch)


@guarded("a subprocess was recorded")
def record_child(
    pending: PendingChild | None, status: int | None, error: BaseException | None, branch: Branch | None = None
) -> None:
    """Record a child that ended, or did not start; it belongs to the branch that runs here if none is named."""
    if pending is None:
        return
    branch = branch or current.find_branch()
    branch.append(
        ChildEntry(
            timestamp=pending.started,
            notable=status != 0,
            branch=branch.name,
            kind=CHILD,
            category="subprocess",
            program=pending.program,
            arguments=pending.arguments,
            status=status,
            error="TimeoutExpired" if pending.expired and status != 0 else _describe_error(error),
            ended=time.time_ns(),
        )
    )


def describe_command(args: Any, *, shell: bool) -> PendingChild:
    """Return copies of a command that starts now, in bounds; reading an iterator would take it from the application."""
    started = time.time_ns()
    if isinstance(args, list | tuple) and args:
        if shell:
            return PendingChild(started, _copy(args[0], _LONGEST_COMMAND), None)
        rest = tuple(_copy(each, _LONGEST_ARGUMENT) for each in args[1 : _MAX_ARGUMENTS + 1])
        more = (CUT,) if len(args) > _MAX_ARGUMENTS + 1 else ()
        return PendingChild(started, _copy(args[0], _LONGEST_COMMAND), rest + more)
    line = _copy(args, _LONGEST_COMMAND)
    # On Windows a text is a command line; elsewhere one with spaces in it is mostly meant to be one.
    is_command = shell or (isinstance(args, str) and " " in line.strip())
    return PendingChild(started, line, None if is_command else ())


def _copy(value: Any, limit: int) -> str:
    text = str.__str__(value) if isinstance(value, str) else str(to_plain(value))
    return to_text(_cut(_USERINFO.sub("", text), limit), limit)


def _cut(text: str, limit: int) -> str:
    """Cut a text, before a quote that would stay open: the scrubber takes only the first word of such a secret."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    for quote in "\"'":
        if kept.count(quote) % 2:
            kept = kept[: kept.rindex(quote)]
    return kept + CUT


def _shorten(program: str, *, is_command: bool) -> str:
    folded = " ".join(program.split())
    name = folded if is_command else os.path.basename(folded) or folded  # noqa: PTH119 - the text may be no path
    return _cut(name, _LONGEST_NAME) or "subprocess"


def _describe_error(error: BaseException | None) -> str | None:
    if error is None:
        return None
    # The text of an OSError repeats the command, its strerror does not.
    said = getattr(error, "strerror", None)
    return f"{type(error).__name__}: {said}" if said else str(to_plain(error))


def _name_signal(status: int | None) -> str | None:
    if status is None or status >= 0:
        return None
    try:
        return signal.Signals(-status).name
    except ValueError:  # the real-time signals between the first and the last have no names
        return f"signal {-status}"


def _find_level(status: int | None) -> str:
    if status is None:
        return "error"
    return "warning" if status else "info"
