"""
The pages of a website on which the process that serves them dies: ``/WAY``, as WSGI and as ASGI.

A page without a way is served well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import unquote

import otel_crumbs

from .dying import set_up_tracing, work

# This runs in the worker that imports the module, or in its master; an earlier installation stays as it is.
otel_crumbs.install()
set_up_tracing()


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Serve a page to a server of WSGI."""
    work(environ["PATH_INFO"].strip("/"))
    start_response("200 OK", [])
    return [b""]


async def asgi(scope: dict[str, Any], _: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Serve a page to a server of ASGI."""
    if scope["type"] == "http":
        work(unquote(scope["path"]).strip("/"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
