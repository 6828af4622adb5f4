"""Errors of jobs: whose breadcrumbs are in them, and which are none."""

from __future__ import annotations

import asyncio
import importlib
import logging
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Semaphore
from typing import TYPE_CHECKING, Any

from scenario import Outcome, not_mixed, scenario

if TYPE_CHECKING:
    from libraries import Library

ABOUT = "Jobs"
TOKENS = ["ada", "bob", "cleo"]
SECONDS = 20.0

# What a job of RQ is given: its worker imports the function by its name.
_started: list[Library] = []


def fail_in_job(token: str) -> None:
    """Be a job that fails."""
    _started[0].note(f"note of {token}")
    raise ValueError(token)


def start(library: Library, *integrations: str) -> None:
    """Start a library, with those of sentry-sdk's integrations that have to be asked for."""
    library.start(integrations=integrations)
    _started.append(library)
    # The libraries say of each failure that it was one, on standard error.
    logging.lastResort = None


@contextmanager
def redis_server() -> Iterator[int]:
    """Run Debian's Redis on a free port."""
    if shutil.which("redis-server") is None:
        raise RuntimeError("RQ and arq need a Redis server: install Debian's redis-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def perform_dramatiq(jobs: list[tuple[Callable[..., None], tuple[str, ...]]]) -> None:
    """Have one worker thread of dramatiq do jobs in turn."""
    import dramatiq
    from dramatiq.brokers.stub import StubBroker

    broker = StubBroker()
    dramatiq.set_broker(broker)
    for function, arguments in jobs:
        name = f"{function.__name__}_{arguments[0] if arguments else ''}"
        dramatiq.actor(function, actor_name=name, max_retries=0).send(*arguments)
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=50)
    worker.start()
    broker.join("default", fail_fast=False)
    worker.join()
    worker.stop()


@scenario(ABOUT, "dramatiq: jobs that one thread does in turn are apart, and a failed one is an error")
def dramatiq_jobs(library: Library) -> Outcome:
    """Do them."""
    start(library, "dramatiq.DramatiqIntegration")
    perform_dramatiq([(fail_in_job, (token,)) for token in TOKENS])
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "RQ: the same of the jobs of a `SimpleWorker`, which forks for none")
def rq_jobs(library: Library) -> Outcome:
    """Have a worker do them that forks for none."""
    start(library)
    import redis
    import rq

    with redis_server() as port:
        connection = redis.Redis(port=port)
        queue = rq.Queue("payments", connection=connection)
        for token in TOKENS:
            queue.enqueue("jobs.fail_in_job", token)
        rq.SimpleWorker([queue], connection=connection).work(burst=True, logging_level="CRITICAL")
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "arq: the same of one worker's jobs")
def arq_jobs(library: Library) -> Outcome:
    """Have a worker do them in tasks of its event loop."""

    async def fail_in_task(_: Any, token: str) -> None:
        library.note(f"note of {token}")
        await asyncio.sleep(0)
        raise ValueError(token)

    async def main(port: int) -> None:
        start(library)
        arq = importlib.import_module("arq")
        where = importlib.import_module("arq.connections").RedisSettings(port=port, conn_timeout=SECONDS)
        pool = await arq.create_pool(where)
        for token in TOKENS:
            await pool.enqueue_job("fail_in_task", token)
        worker = arq.worker.Worker(
            [arq.worker.func(fail_in_task, name="fail_in_task")], redis_settings=where, burst=True, handle_signals=False
        )
        await worker.async_run()
        await worker.close()
        await pool.aclose()

    with redis_server() as port:
        asyncio.run(main(port))
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "huey: the same of one worker's tasks")
def huey_tasks(library: Library) -> Outcome:
    """Have a consumer with one thread do them."""
    start(library)
    from huey import MemoryHuey

    tasks = MemoryHuey()
    task = tasks.task()(fail_in_job)
    results = [task(token) for token in TOKENS]
    consumer = tasks.create_consumer(workers=1, periodic=False)
    consumer.start()
    for result in results:
        try:
            result.get(blocking=True, timeout=SECONDS)
        except Exception:  # noqa: BLE001, S112 - it has failed, as it should
            continue
    consumer.stop(graceful=True)
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "APScheduler: the same of the jobs of one thread")
def apscheduler_jobs(library: Library) -> Outcome:
    """Have a scheduler do them at once, one after the other."""
    start(library)
    from apscheduler.events import EVENT_JOB_ERROR
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.background import BackgroundScheduler

    ended = Semaphore(0)
    scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(1)})
    scheduler.add_listener(lambda _: ended.release(), EVENT_JOB_ERROR)
    for token in TOKENS:
        scheduler.add_job(fail_in_job, args=[token], misfire_grace_time=None)
    scheduler.start()
    for _ in TOKENS:
        ended.acquire(timeout=SECONDS)
    scheduler.shutdown()
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "dramatiq: a job that asks to be done again later is no error")
def retried_job(library: Library) -> Outcome:
    """Ask for it."""
    start(library, "dramatiq.DramatiqIntegration")
    from dramatiq.errors import Retry

    def ask_again() -> None:
        raise Retry("not yet", delay=60_000)

    perform_dramatiq([(ask_again, ())])
    seen = library.seen()
    return Outcome(good=not seen, words=f"{len(seen)} errors" if seen else "")
