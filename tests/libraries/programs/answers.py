"""Asks web applications for answers that break after they began: APPLICATION SERVER, printed event by event."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any
from wsgiref import simple_server

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.libraries.describing import instrumented

logger = logging.getLogger("shop")
EXCLUDED = "excluded"


def parts(name: str) -> Iterator[bytes]:
    """Make the body of an answer."""
    logger.info("first part of %s", name)
    yield b"part"
    logger.info("second part of %s", name)
    yield b"part"
    if not name.startswith("fine"):
        raise ValueError(name)


async def async_parts(name: str) -> AsyncIterator[bytes]:
    """Make the body of an answer."""
    for part in parts(name):
        await asyncio.sleep(0)
        yield part


def fail(name: str) -> None:
    """Fail after the answer."""
    logger.info("end of %s", name)
    raise ValueError(name)


async def fail_async(name: str) -> None:
    """Fail after the answer, and after a while."""
    await asyncio.sleep(0)
    fail(name)


def make_django(*, asynchronous: bool) -> Any:
    """Return a Django application."""
    import django  # noqa: PLC0415 - only for this application
    from django.conf import settings  # noqa: PLC0415 - only for this application
    from django.core.handlers.asgi import ASGIHandler  # noqa: PLC0415 - only for this application
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415 - only for this application
    from django.core.signals import request_finished  # noqa: PLC0415 - only for this application
    from django.http import HttpResponse, StreamingHttpResponse  # noqa: PLC0415 - only for this application
    from django.urls import path  # noqa: PLC0415 - only for this application

    def view(_: Any, kind: str, number: int) -> Any:
        name = f"{kind}/{number}"
        logger.info("view of %s", name)
        if kind == "closed":
            view.closing = name  # type: ignore[attr-defined]  # one request at a time
            return HttpResponse("fine")
        return StreamingHttpResponse((async_parts if kind == "async" else parts)(name))

    def finish(**_: Any) -> None:
        name, view.closing = getattr(view, "closing", ""), ""  # type: ignore[attr-defined]  # one request at a time
        if name:
            fail(name)

    class Urls:
        urlpatterns = (path("<str:kind>/<int:number>/", view),)

    settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=Urls, SECRET_KEY="x", MIDDLEWARE=[], USE_TZ=True)  # noqa: S106
    django.setup()
    request_finished.connect(finish, weak=False)
    with instrumented("django"):
        return ASGIHandler() if asynchronous else WSGIHandler()


def make_flask() -> Any:
    """Return a Flask application."""
    import flask  # noqa: PLC0415 - only for this application

    application = flask.Flask("shop")

    @application.get("/<kind>/<int:number>/")
    def view(kind: str, number: int) -> Any:
        name = f"{kind}/{number}"
        logger.info("view of %s", name)
        if kind == "closed":
            response = flask.Response("fine")
            response.call_on_close(lambda: fail(name))
            return response
        body = parts(name)
        return flask.Response(flask.stream_with_context(body) if kind == "context" else body)

    return application


def make_aiohttp() -> Any:
    """Return an application of aiohttp."""
    from aiohttp import web  # noqa: PLC0415 - only for this application

    async def view(request: Any) -> Any:
        name = request.path.strip("/")
        kind = name.partition("/")[0]
        logger.info("view of %s", name)
        if kind == "stream":
            return web.Response(body=async_parts(name))
        response = web.StreamResponse()
        await response.prepare(request)
        async for part in async_parts(name):
            await response.write(part)
        return response

    application = web.Application()
    application.router.add_get("/{kind}/{number}/", view)
    return application


def make_starlette(*, inner: bool) -> Any:
    """Return a Starlette application; its middleware runs what is below it in a task of its own."""
    from starlette.applications import Starlette  # noqa: PLC0415 - only for this application
    from starlette.background import BackgroundTask  # noqa: PLC0415 - only for this application
    from starlette.middleware import Middleware  # noqa: PLC0415 - only for this application
    from starlette.middleware.base import BaseHTTPMiddleware  # noqa: PLC0415 - only for this application
    from starlette.responses import Response, StreamingResponse  # noqa: PLC0415 - only for this application
    from starlette.routing import Route  # noqa: PLC0415 - only for this application

    async def view(request: Any) -> Any:
        name = request.url.path.strip("/")
        kind = name.partition("/")[0]
        logger.info("view of %s", name)
        if kind == "closed":
            return Response("fine", background=BackgroundTask(fail, name))
        if kind == "background":
            return Response("fine", background=BackgroundTask(fail_async, name))
        return StreamingResponse((async_parts if kind == "async" else parts)(name))

    async def dispatch(request: Any, call_next: Callable[[Any], Any]) -> Any:
        return await call_next(request)

    middleware = [Middleware(BaseHTTPMiddleware, dispatch=dispatch)] if inner else []
    return Starlette(routes=[Route("/{kind}/{number}/", view)], middleware=middleware)


def serve_wsgiref(application: Any) -> int:
    """Serve in one thread, and print failures, as Django's `runserver` does."""

    class Quiet(simple_server.WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = simple_server.make_server("127.0.0.1", 0, application, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def serve_werkzeug(application: Any) -> int:
    """Serve as `flask run` does, in one thread."""
    from werkzeug.serving import make_server  # noqa: PLC0415 - only for this server

    server = make_server("127.0.0.1", 0, application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.port


def serve_uvicorn(application: Any) -> int:
    """Serve by a server that prints nothing."""
    import uvicorn  # noqa: PLC0415 - only for this server

    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="critical", loop="asyncio", lifespan="off"))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    # It has no event to wait for.
    while not server.started:
        time.sleep(0.02)
    port: int = listening.getsockname()[1]
    return port


def serve_aiohttp(application: Any) -> int:
    """Serve an application of aiohttp."""
    from aiohttp import web  # noqa: PLC0415 - only for this server

    ports: list[int] = []

    async def serve() -> None:
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
        await asyncio.Event().wait()

    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    # The port is known once the loop of the other thread has bound it.
    while not ports:
        time.sleep(0.02)
    return ports[0]


APPLICATIONS: dict[str, Callable[[], Any]] = {
    "django": lambda: make_django(asynchronous=False),
    "django-async": lambda: make_django(asynchronous=True),
    "aiohttp": make_aiohttp,
    "flask": make_flask,
    "starlette": lambda: make_starlette(inner=False),
    "starlette-inner": lambda: make_starlette(inner=True),
}
SERVERS = {"aiohttp": serve_aiohttp, "wsgiref": serve_wsgiref, "werkzeug": serve_werkzeug, "uvicorn": serve_uvicorn}


def ask(port: int, path: str) -> None:
    """Ask for an answer, and read as much as comes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with suppress(http.client.HTTPException, OSError):
        connection.request("GET", path)
        connection.getresponse().read()
    connection.close()
    # What fails after the answer leaves no sign at the client.
    time.sleep(0.3)


def main() -> None:
    """Ask twice for each kind, one after the other, and print the events."""
    application, server, *kinds = sys.argv[1:]
    trace.set_tracer_provider(TracerProvider())
    events = CapturedEvents()
    otel_crumbs.install(exporter=events, spool_dir="none")
    logging.getLogger().addHandler(logging.NullHandler())
    os.environ["OTEL_PYTHON_EXCLUDED_URLS"] = EXCLUDED
    # Django's instrumentation needs its settings.
    with instrumented("flask", "starlette", "aiohttp-server"):
        port = SERVERS[server](APPLICATIONS[application]())
        for kind in kinds:
            for number in (1, 2):
                ask(port, f"/{kind}/{number}/")
    found: dict[str, list[list[Any]]] = {}
    for event in events:
        lines = [crumb.message for crumb in event.breadcrumbs if crumb.category == "shop"]
        found.setdefault(event.exception.message, []).append([event.operation, lines])
    print(json.dumps(found), flush=True)  # noqa: T201 - what the test reads
    os._exit(0)


if __name__ == "__main__":
    main()
