"""Serves two requests that fail, and one that does not, by a web framework and its server: NAME."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs.testing import capture_events
from tests.libraries.describing import instrumented
from tests.loopback import free_port

logger = logging.getLogger("shop")


def pay(number: int) -> str:
    """Do what a view does; fail but for 0."""
    logger.info("charging %d", number)
    if number:
        raise ValueError(f"no receipt {number}")
    return "paid"


def ask(port: int) -> None:
    """Make the requests, as a client that is not part of the story."""
    for number in (0, 1, 2):
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        with suppress(OSError):
            connection.request("GET", f"/pay/{number}")
            status = connection.getresponse().status
            assert status == (500 if number else 200), status
        connection.close()


async def ask_in_thread(port: int) -> None:
    """Make the requests while the event loop serves them; the thread has no trail of a request."""
    await asyncio.get_running_loop().run_in_executor(None, ask, port)


async def serve_asgi(application: Any) -> None:
    """Serve an ASGI application by uvicorn, which logs nothing."""
    import uvicorn  # noqa: PLC0415 - each framework is imported by whom it is for

    server = uvicorn.Server(uvicorn.Config(application, port=free_port(), log_config=None, log_level="critical"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event of it
        await asyncio.sleep(0.02)
    await ask_in_thread(server.config.port)
    server.should_exit = True
    await serving


def serve_litestar(*plugins: Any) -> None:
    """Have Litestar answer."""
    import litestar  # noqa: PLC0415 - as above

    @litestar.get("/pay/{number:int}")
    async def view(number: int) -> str:
        return pay(number)

    asyncio.run(serve_asgi(litestar.Litestar([view], plugins=plugins)))


def serve_litestar_with_plugin() -> None:
    """Have Litestar answer, with its own plugin for OpenTelemetry."""
    from litestar.plugins.opentelemetry import OpenTelemetryConfig, OpenTelemetryPlugin  # noqa: PLC0415 - as above

    serve_litestar(OpenTelemetryPlugin(OpenTelemetryConfig()))


def serve_quart(wrap: Callable[[Any], Any] = lambda application: application) -> None:
    """Have Quart answer."""
    import quart  # noqa: PLC0415 - as above

    application = quart.Quart("site")

    @application.get("/pay/<int:number>")
    async def view(number: int) -> str:
        return pay(number)

    application.asgi_app = wrap(application.asgi_app)
    asyncio.run(serve_asgi(application))


def serve_quart_with_middleware() -> None:
    """Have Quart answer in OpenTelemetry's middleware for ASGI."""
    serve_quart(OpenTelemetryMiddleware)


def serve_tornado() -> None:
    """Have Tornado answer."""
    from tornado import web  # noqa: PLC0415 - as above

    class View(web.RequestHandler):
        """Pays."""

        async def get(self, number: str) -> None:
            """Pay."""
            self.write(pay(int(number)))

    async def run() -> None:
        port = free_port()
        server = web.Application([(r"/pay/(\d+)", View)]).listen(port, "127.0.0.1")
        await ask_in_thread(port)
        server.stop()

    asyncio.run(run())


def serve_sanic() -> None:
    """Have Sanic's own server answer."""
    import sanic  # noqa: PLC0415 - as above

    application = sanic.Sanic("site", configure_logging=False)

    @application.get("/pay/<number:int>")
    async def view(_: Any, number: int) -> Any:
        return sanic.text(pay(number))

    async def run() -> None:
        port = free_port()
        server = await application.create_server(
            port=port, host="127.0.0.1", return_asyncio_server=True, access_log=False
        )
        await server.startup()
        await ask_in_thread(port)
        server.close()

    asyncio.run(run())


def serve_twisted(name: str = "") -> None:
    """Have twisted.web answer, with Twisted's log in Python's; each request in an operation if it is named."""
    from twisted.internet import reactor  # noqa: PLC0415 - as above
    from twisted.python.log import PythonLoggingObserver  # noqa: PLC0415 - as above
    from twisted.web import resource, server  # noqa: PLC0415 - as above

    class View(resource.Resource):
        """Pays."""

        isLeaf = True  # noqa: N815 - Twisted's name

        def render_GET(self, request: Any) -> bytes:  # noqa: N802 - Twisted's name
            """Pay."""
            number = int(request.path.rpartition(b"/")[2])
            if not name:
                return pay(number).encode()
            with otel_crumbs.operation(f"{name} {number}"):
                return pay(number).encode()

    PythonLoggingObserver().start()
    port, running = free_port(), Any
    running = reactor
    running.listenTCP(port, server.Site(View()), interface="127.0.0.1")

    def ask_and_stop() -> None:
        ask(port)
        running.callFromThread(running.stop)

    running.callWhenRunning(threading.Thread(target=ask_and_stop).start)
    running.run(installSignalHandlers=False)


def serve_twisted_in_operations() -> None:
    """Have twisted.web answer, each request an operation."""
    serve_twisted("pay")


def main(name: str) -> None:
    """Print each event: title, operation, breadcrumbs."""
    trace.set_tracer_provider(TracerProvider())
    logging.basicConfig(level=logging.INFO)
    with instrumented("tornado"), capture_events(spool_dir="none") as events:
        globals()[f"serve_{name}"]()
        for number, event in enumerate(events):
            lines = [[each.category, each.level, each.message.partition("\n")[0]] for each in event.breadcrumbs]
            print(json.dumps({f"{number} {event.title}": [[event.operation], *lines]}))  # noqa: T201 - for the test that runs it


if __name__ == "__main__":
    main(sys.argv[1])
