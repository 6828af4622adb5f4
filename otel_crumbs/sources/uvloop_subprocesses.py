"""
Subprocesses that uvloop starts: by libuv, and not by `subprocess.Popen`.

The methods of its event loop are hooked, which `asyncio.create_subprocess_exec`
and `asyncio.create_subprocess_shell` call; its end is what asyncio's own protocol is
told. uvloop tells it a step later than it lets those go on who wait for a child that has
ended already, so the end of a wait is one too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.instrumentations import is_instrumentation_enabled
from otel_crumbs.base.patching import Make, Patch, Undo, combine, on_import, replace
from otel_crumbs.trails import current

from .subprocesses import PENDING, PendingChild, describe_command, record_child, record_end


def install() -> Undo:
    """Record the subprocesses of uvloop; return the function that undoes it."""
    return combine(on_import("uvloop", _hook), on_import("asyncio.subprocess", _hook_protocol))


def _hook(uvloop: Any) -> Undo:
    return combine(
        replace(uvloop.Loop, "subprocess_exec", _make_starting(is_command=False)),
        replace(uvloop.Loop, "subprocess_shell", _make_starting(is_command=True)),
    )


def _hook_protocol(subprocess: Any) -> Undo:
    return combine(
        replace(subprocess.SubprocessStreamProtocol, "process_exited", _make_process_exited),
        replace(subprocess.Process, "wait", _make_wait),
    )


def _make_starting(*, is_command: bool) -> Make:
    @guarded("a subprocess of uvloop was started")
    def begin(command: tuple[Any, ...]) -> PendingChild | None:
        if not (is_instrumentation_enabled() and command):
            return None
        return describe_command(command, shell=is_command)

    @guarded("a subprocess of uvloop was remembered")
    def remember(started: Any, pending: PendingChild | None) -> None:
        _, protocol = started
        # Another protocol than asyncio's has a `process_exited` of its own.
        if pending is not None and type(protocol).__name__ == "SubprocessStreamProtocol":
            vars(protocol)[PENDING] = pending._replace(starter=current.find_branch().me)

    def make(original: Callable[..., Awaitable[Any]], patch: Patch) -> Callable[..., Awaitable[Any]]:
        async def start(*args: Any, **kwargs: Any) -> Any:
            # The loop, and what makes the protocol.
            pending = begin(args[2:]) if patch.active else None
            try:
                started = await original(*args, **kwargs)
            except BaseException as error:
                record_child(pending, None, error)
                remove_own_frame(error)
                raise
            remember(started, pending)
            return started

        return start

    return make


@guarded("a subprocess of uvloop ended")
def _record_end(protocol: Any, transport: Any) -> None:
    # Where there is none any more, the wait for the child knows how it ended.
    if transport is not None:
        record_end(protocol, transport.get_returncode())


def _make_process_exited(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
    def process_exited(*args: Any, **kwargs: Any) -> None:
        if patch.active and args:
            _record_end(args[0], getattr(args[0], "_transport", None))
        try:
            original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise

    return process_exited


def _make_wait(original: Callable[..., Awaitable[int]], patch: Patch) -> Callable[..., Awaitable[int]]:
    async def wait(*args: Any, **kwargs: Any) -> int:
        try:
            status = await original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        if patch.active and args:
            _record_end(getattr(args[0], "_protocol", None), getattr(args[0], "_transport", None))
        return status

    return wait
