"""Fail in one of many ways, of which the first argument names one; no line here is about breadcrumbs."""

from __future__ import annotations

import asyncio
import builtins
import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType

import requests

logging.basicConfig(format="%(levelname)s %(filename)s:%(lineno)d %(funcName)s %(message)s", level=logging.INFO)
logger = logging.getLogger("ways")


class JobError(Exception):
    """What fails here."""


def fail() -> None:
    """Fail, with a reason behind the reason."""
    logger.info("about to fail")
    try:
        {}["missing"]
    except KeyError as error:
        raise JobError("the job failed") from error


def uncaught() -> None:
    """Let the exception end the process."""
    fail()


def group() -> None:
    """Let several exceptions at once end the process, where Python knows that."""
    logger.info("about to fail")
    several = getattr(builtins, "ExceptionGroup", None)
    if several is None:
        fail()
    raise several("two jobs failed", [JobError("first"), JobError("second")])


def thread() -> None:
    """Let the exception end a thread."""
    worker = threading.Thread(target=fail, name="worker")
    worker.start()
    worker.join()


async def fail_later() -> None:
    """Fail once others have run."""
    await asyncio.sleep(0)
    fail()


async def forget() -> None:
    """Start a task that fails, and never look at it again."""
    forgotten = asyncio.create_task(fail_later(), name="forgotten")
    await asyncio.wait([forgotten])
    del forgotten
    gc.collect()


def task() -> None:
    """Let the exception end a task that nobody waits for."""
    asyncio.run(forget())


def coroutine() -> None:
    """Let the exception end the event loop."""
    asyncio.run(fail_later())


class Careless:
    """An object that fails on its way out."""

    def __del__(self) -> None:
        fail()


def finalizer() -> None:
    """Fail where nobody can catch it."""
    Careless()
    gc.collect()


def logged() -> None:
    """Catch the exception and log it."""
    try:
        fail()
    except JobError:
        logger.exception("the job is given up")


def own_hook() -> None:
    """Let the exception meet a hook of our own, and then the one that was there before."""
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        sys.stderr.write(f"we are sorry: {kind.__name__}: {error}\n")
        previous(kind, error, traceback)

    sys.excepthook = hook
    fail()


class HostileError(Exception):
    """An exception that does not want to be shown."""

    def __str__(self) -> str:
        raise ValueError("no")

    __repr__ = __str__


def hostile() -> None:
    """Die of an exception that cannot be turned into text."""
    logger.info("about to fail")
    raise HostileError


def unreachable() -> None:
    """Die inside a library, calling a server that is not there."""
    logger.info("about to fail")
    requests.get("http://127.0.0.1:1/", timeout=30)


def child_process() -> None:
    """Let a child process die."""
    child = multiprocessing.get_context("fork").Process(target=fail)
    child.start()
    child.join()


def leave() -> None:
    """End with an exit code, which is no failure."""
    logger.info("about to leave")
    sys.exit(3)


def complain() -> None:
    """End with a message, which is no failure either."""
    logger.info("about to leave")
    sys.exit("usage: another way")


def interrupted() -> None:
    """Be stopped from the keyboard."""
    logger.info("about to be stopped")
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(30)


WAYS: dict[str, Callable[[], None]] = {
    way.__name__: way
    for way in (
        uncaught,
        group,
        thread,
        task,
        coroutine,
        finalizer,
        logged,
        own_hook,
        hostile,
        unreachable,
        child_process,
        leave,
        complain,
        interrupted,
    )
}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
    print("still here")  # noqa: T201 - scripts print
