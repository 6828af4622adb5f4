"""Whose breadcrumbs are in whose error."""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from libraries import Library, Seen
from scenario import Outcome, not_mixed, scenario

ABOUT = "Isolation"
TOKENS = ["ada", "bob", "cleo"]


def fail(library: Library, token: str) -> None:
    """Leave a breadcrumb, and report an error."""
    library.note(f"note of {token}")
    library.capture(ValueError(token))


async def fail_slowly(library: Library, token: str) -> None:
    """Do so, and let others run in between."""
    for _ in range(3):
        library.note(f"note of {token}")
        await asyncio.sleep(0)
    library.capture(ValueError(token))


@scenario(ABOUT, "Two requests, one after the other on one thread, are apart")
def one_thread(library: Library) -> Outcome:
    """Serve them."""
    library.start()
    for token in TOKENS:
        with library.request(token):
            fail(library, token)
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "What happened before a request is not in its error")
def before_the_request(library: Library) -> Outcome:
    """Start up, then serve."""
    library.start()
    library.note("note of start-up")
    with library.request("ada"):
        fail(library, "ada")
    return Outcome(good=not library.seen()[0].reports("start-up"))


@scenario(ABOUT, "Gathered tasks of one request are apart")
def gathered_tasks(library: Library) -> Outcome:
    """Gather them."""

    async def main() -> None:
        library.start()
        with library.request("all"):
            await asyncio.gather(*(fail_slowly(library, token) for token in TOKENS))

    asyncio.run(main())
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "Requests in concurrent tasks are apart")
def concurrent_requests(library: Library) -> Outcome:
    """Serve them at a time."""

    async def serve(token: str) -> None:
        with library.request(token):
            await fail_slowly(library, token)

    async def main() -> None:
        library.start()
        await asyncio.gather(*map(serve, TOKENS))

    asyncio.run(main())
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "A worker thread of a pool that is used again begins with an empty trail")
def executor_reuse(library: Library) -> Outcome:
    """Serve all requests by one thread."""
    library.start()
    with ThreadPoolExecutor(1) as pool:
        for token in TOKENS:
            with library.request(token):
                pool.submit(fail, library, token).result()
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "Sibling threads of one request are apart")
def sibling_threads(library: Library) -> Outcome:
    """Let three threads of a pool run at a time."""
    library.start()
    together = Barrier(len(TOKENS))

    def work(token: str) -> None:
        together.wait()
        fail(library, token)

    with library.request("all"), ThreadPoolExecutor(len(TOKENS)) as pool:
        list(pool.map(work, TOKENS))
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "Jobs of one request that one thread of a pool does in turn are apart")
def jobs_in_turn(library: Library) -> Outcome:
    """Let one thread do three jobs."""
    library.start()
    with library.request("all"), ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda token: fail(library, token), TOKENS))
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "Nested operations: the outer error has nothing of the inner one, and the other way round")
def nested_operations(library: Library) -> Outcome:
    """Open one inside the other."""
    library.start()
    with library.request("ada"):
        library.note("note of ada")
        with library.operation("bob"):
            fail(library, "bob")
        library.capture(ValueError("ada"))
    return not_mixed(library.seen(), ["ada", "bob"])


@scenario(ABOUT, "An async generator that two requests step in turn keeps their trails apart")
def async_generator(library: Library) -> Outcome:
    """Step through two generators in turn, as streamed answers do."""

    async def rows(token: str) -> AsyncIterator[int]:
        for number in range(3):
            library.note(f"note of {token}")
            await asyncio.sleep(0)
            yield number

    async def serve(token: str) -> None:
        with library.request(token):
            async for _ in rows(token):
                await asyncio.sleep(0)
            library.capture(ValueError(token))

    async def main() -> None:
        library.start()
        await asyncio.gather(*map(serve, TOKENS))

    asyncio.run(main())
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "gevent: requests in greenlets are apart")
def greenlets(library: Library) -> Outcome:
    """Serve requests in greenlets that take turns."""
    from gevent import joinall, monkey, sleep, spawn

    monkey.patch_all()
    library.start()

    def serve(token: str) -> None:
        with library.request(token):
            for _ in range(3):
                library.note(f"note of {token}")
                sleep(0)
            library.capture(ValueError(token))

    joinall([spawn(serve, token) for token in TOKENS])
    return not_mixed(library.seen(), TOKENS)


@scenario(ABOUT, "A forked child does not report its parent's past as its own")
def fork(library: Library) -> Outcome:
    """Fork, and report in the child."""
    library.start()
    library.note("note of the parent")
    reading, writing = os.pipe()
    if os.fork() == 0:
        fail(library, "child")
        os.write(writing, pickle.dumps([(event.error, list(event.breadcrumbs)) for event in library.seen()]))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        [(error, breadcrumbs)] = pickle.load(pipe)  # noqa: S301 - our own child wrote it
    seen = Seen(error=error, breadcrumbs=breadcrumbs)
    return Outcome(good=seen.reports("note of child") and not seen.reports("note of the parent"))


@scenario(ABOUT, "A thread's note reaches the error of the request that started it")
def to_thread(library: Library) -> Outcome:
    """Note in `asyncio.to_thread` and in a pool, report in the request."""

    async def main() -> None:
        library.start()
        with library.request("ada"):
            await asyncio.to_thread(library.note, "note by to_thread")
            with ThreadPoolExecutor(1) as pool:
                pool.submit(library.note, "note in a pool").result()
            library.capture(ValueError("ada"))

    asyncio.run(main())
    [event] = library.seen()
    lost = [way for way in ("by to_thread", "in a pool") if not event.reports(f"note {way}")]
    return Outcome(good=not lost, words=f"not those left {' and '.join(lost)}" if lost else "")


@scenario(ABOUT, "What gathered tasks did is in the error of the request that gathered them")
def children_reach_the_parent(library: Library) -> Outcome:
    """Gather notes, then fail."""

    async def note(token: str) -> None:
        library.note(f"note of {token}")

    async def main() -> None:
        library.start()
        with library.request("all"):
            await asyncio.gather(*map(note, TOKENS))
            library.capture(ValueError("all"))

    asyncio.run(main())
    [event] = library.seen()
    return Outcome(good=all(event.reports(f"note of {token}") for token in TOKENS))


@scenario(ABOUT, "An error that leaves its request unhandled keeps that request's trail when its thread dies of it")
def dead_thread(library: Library) -> Outcome:
    """Let an error out of a request, to the end of its thread."""

    def serve() -> None:
        with library.request("ada"):
            library.note("note of ada")
            raise ValueError("ada")

    library.start()
    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    events = [event for event in library.seen() if event.error == "ada"]
    return Outcome(good=any(event.reports("note of ada") for event in events), words="" if events else "not reported")


@scenario(ABOUT, "A span that another task ends is told where it began")
def span_ended_elsewhere(library: Library) -> Outcome:
    """Start a span in one task, end it in another."""
    if library.name == "sentry-sdk":
        return Outcome(good=None, words="spans are no breadcrumbs there")
    from opentelemetry import trace

    async def main() -> None:
        library.start()
        tracer = trace.get_tracer("comparison")
        begun: asyncio.Queue[trace.Span] = asyncio.Queue()

        async def begin() -> None:
            with library.request("ada"):
                begun.put_nowait(tracer.start_span("note of ada"))
                await asyncio.sleep(0.05)
                library.capture(ValueError("ada"))

        async def end() -> None:
            with library.request("bob"):
                (await begun.get()).end()
                fail(library, "bob")

        await asyncio.gather(begin(), end())

    asyncio.run(main())
    return not_mixed(library.seen(), ["ada", "bob"])
