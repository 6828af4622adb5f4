"""Errors of web applications after their answer began, and those that are answers themselves."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from content import instrument
from scenario import Outcome, not_mixed, scenario

if TYPE_CHECKING:
    from libraries import Library

ABOUT = "Answers"
TOKENS = ["ada", "bob", "cleo"]


def make_fastapi(library: Library) -> Any:
    """Return an application that fails in several ways; the path says in which, and of which token."""
    import fastapi
    from fastapi.responses import Response, StreamingResponse
    from starlette.background import BackgroundTask

    library.start()
    application = fastapi.FastAPI()
    if library.name == "otel_crumbs":
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor.instrument_app(application)

    async def stream(token: str) -> AsyncIterator[str]:
        yield "a row\n"
        library.note(f"note of {token}")
        raise ValueError(token)

    def work(token: str) -> None:
        library.note(f"note of {token}")
        raise ValueError(token)

    @application.get("/stream/{token}", response_model=None)
    async def view_stream(token: str) -> StreamingResponse:
        return StreamingResponse(stream(token))

    @application.get("/background/{token}", response_model=None)
    async def view_background(token: str) -> Response:
        return Response("accepted", background=BackgroundTask(work, token))

    @application.get("/status/{status}")
    async def view_status(status: int) -> None:
        raise fastapi.HTTPException(status)

    return application


def ask(application: Any, *paths: str) -> None:
    """Make requests to an ASGI application, one after the other, as a server does."""

    async def request(path: str) -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                await asyncio.sleep(3600)
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: dict[str, Any]) -> None:
            await asyncio.sleep(0)

        with suppress(Exception):
            await application(scope, receive, send)

    async def main() -> None:
        for path in paths:
            await asyncio.create_task(request(path))

    asyncio.run(main())


@scenario(ABOUT, "FastAPI: an error in the middle of a streamed answer is one, with the trail of its request")
def streamed_answer(library: Library) -> Outcome:
    """Stream some."""
    ask(make_fastapi(library), *[f"/stream/{token}" for token in TOKENS])
    return once(library)


@scenario(ABOUT, "FastAPI: the same of a background task, after the answer")
def background_task(library: Library) -> Outcome:
    """Have some."""
    ask(make_fastapi(library), *[f"/background/{token}" for token in TOKENS])
    return once(library)


@scenario(ABOUT, "Django: the same of a streamed answer")
def django_stream(library: Library) -> Outcome:
    """Stream some, by what wsgiref does with an application."""
    library.start()
    instrument(library, "django")
    application = make_django(library)
    for token in TOKENS:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"/stream/{token}",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "SERVER_PROTOCOL": "HTTP/1.1",
        }
        answer = application(environ, lambda *_: None)
        with suppress(ValueError):
            list(answer)
        answer.close()
    return once(library)


def make_django(library: Library) -> Any:
    """Return a WSGI application that streams."""
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import StreamingHttpResponse
    from django.urls import path

    def stream(token: str) -> Iterator[str]:
        yield "a row\n"
        library.note(f"note of {token}")
        raise ValueError(token)

    def view(_: Any, token: str) -> StreamingHttpResponse:
        return StreamingHttpResponse(stream(token))

    if not settings.configured:
        settings.configure(MIDDLEWARE=[])
    settings.ALLOWED_HOSTS, settings.ROOT_URLCONF = ["*"], (path("stream/<str:token>", view),)
    settings.SECRET_KEY, settings.DEBUG = "of the comparison", False
    django.setup()
    return get_wsgi_application()


@scenario(ABOUT, "FastAPI: the answers 404 and 422 that a view raises are no errors, 503 is one")
def statuses(library: Library) -> Outcome:
    """Raise them."""
    ask(make_fastapi(library), "/status/404", "/status/422", "/status/503")
    seen = library.seen()
    return Outcome(good=len(seen) == 1, words="" if len(seen) == 1 else f"{len(seen)} errors")


def once(library: Library) -> Outcome:
    """Return whether each token's error came once, with its own breadcrumbs."""
    seen = library.seen()
    outcome = not_mixed(seen, TOKENS)
    if outcome.good and len(seen) > len(TOKENS):
        return Outcome(good=False, words=f"{len(seen)} errors for {len(TOKENS)} requests")
    return outcome
