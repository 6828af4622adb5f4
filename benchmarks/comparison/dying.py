"""
A program that dies in the middle of its work, as a script, as a website and as a Celery application.

    python benchmarks/comparison/dying.py script SIGKILL

LIBRARY and RECEIVER are in the environment, for the servers; BROKER for Celery.
"""

from __future__ import annotations

import concurrent.futures
import faulthandler
import itertools
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext, suppress
from typing import Any
from urllib.parse import unquote

from libraries import LIBRARIES

STEPS, STATEMENT = 60, "SELECT * FROM orders"
LIBRARY = LIBRARIES[os.environ["LIBRARY"]]()
LIBRARY.start(receiver=os.environ["RECEIVER"])


def take_memory() -> None:
    """Take memory until there is no more."""
    kept = []
    while True:
        kept.append(bytearray(b"x" * 2**20))


def hang_in_c() -> None:
    """Run nothing of Python's for long, not even for a signal."""
    sum(itertools.repeat(1, 10**12))


WAYS: dict[str, Callable[[], object]] = {
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "SIGSEGV": faulthandler._sigsegv,  # noqa: SLF001 - there for tests
    "abort": os.abort,
    "C stack overflow": faulthandler._stack_overflow,  # noqa: SLF001 - there for tests
    "out of memory": take_memory,
    "os._exit": lambda: os._exit(7),  # 3 and 4 mean something to gunicorn
    "timeout in Python": lambda: time.sleep(600),
    "timeout in C": hang_in_c,
    "soft time limit": lambda: time.sleep(600),
    "hard time limit": lambda: time.sleep(600),
    "not": lambda: None,
    # The next start, which works for a while.
    "later": lambda: time.sleep(5),
}


def work(way: str, *, has_scope: bool = False) -> None:
    """Leave breadcrumbs, and die in the middle of a statement; an integration of sentry-sdk has opened a scope."""
    with nullcontext() if has_scope and LIBRARY.name == "sentry-sdk" else LIBRARY.operation("work"):
        for number in range(STEPS):
            LIBRARY.note(f"<step {number}>")
        with LIBRARY.query(STATEMENT):
            WAYS[way]()


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Serve a page of WSGI."""
    work(environ["PATH_INFO"].strip("/"), has_scope=True)
    start_response("200 OK", [])
    return [b""]


async def asgi(scope: dict[str, Any], _: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Serve a page of ASGI."""
    if scope["type"] == "http":
        work(unquote(scope["path"]).strip("/"), has_scope=True)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def make_celery() -> Any:
    """Return the Celery application."""
    import celery

    app = celery.Celery("dying", broker=os.environ["BROKER"], broker_connection_retry_on_startup=True)
    app.conf.update(task_ignore_result=True)

    @app.task(name="work")
    def perform(way: str) -> None:
        work(way, has_scope=True)

    return app


if LIBRARY.name == "sentry-sdk":
    from sentry_sdk.integrations.asgi import SentryAsgiMiddleware
    from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

    application = SentryWsgiMiddleware(application)
    asgi = SentryAsgiMiddleware(asgi)

if "BROKER" in os.environ:
    app = make_celery()


def main(host: str, way: str) -> None:
    """Work in a host."""
    context = multiprocessing.get_context("fork")
    if host == "script":
        work(way)
    elif host == "multiprocessing":
        child = context.Process(target=work, args=(way,))
        child.start()
        child.join()
    elif host == "ProcessPoolExecutor":
        with suppress(BrokenProcessPool), concurrent.futures.ProcessPoolExecutor(1, context) as pool:
            pool.submit(work, way).result()
    # What is on its way has a moment more.
    LIBRARY.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
