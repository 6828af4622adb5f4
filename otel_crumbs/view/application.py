"""The viewer's routes: what senders post, and the pages."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from otel_crumbs.base.late_names import LateFunction

from .access import HEALTH, AccessMiddleware
from .addresses import ENVELOPE, JSON, PATHS, PROTOBUF, SENTRY, STORE
from .body import MAX_BODY, RefusedError
from .live import Live, iterate_messages
from .pages import Page, Pages
from .queries import find_last_number
from .store import Store
from .store_error import StoreError

# Protobuf and the reading of events take longer to import than the first page to show.
receive = LateFunction("otel_crumbs.view.receiving", "receive")
STATIC = Path(__file__).parent / "static"
_FILES = {"view.css": "text/css", "view.js": "text/javascript", "icon.svg": "image/svg+xml"}


class Application:
    """
    An ASGI application over a store.

    Args:
        store: The store.
        token: A secret that each request needs.
        on_failure: Called with the sentence of a request that could not be stored.

    """

    def __init__(
        self, store: Store, *, token: str | None = None, on_failure: Callable[[str], None] = lambda _: None
    ) -> None:
        self.store = store
        self.live = Live()
        self.shown = threading.Event()
        self._pages = Pages(store)
        self._on_failure = on_failure
        routes = [
            *(Route(path, self._receive, methods=["POST"]) for path in PATHS),
            *(Route(f"/api/{{project}}{path}", self._receive, methods=["POST"]) for path in (ENVELOPE, STORE)),
            Route("/", self._answer(self._pages.show_list)),
            Route("/groups/{name}", self._answer(self._pages.show_group)),
            Route("/errors/{event_id:str}", self._answer(self._pages.show_error)),
            Route("/errors/{event_id:str}/difference/{other:str}", self._answer(self._pages.show_difference)),
            Route("/traces/{trace_id:str}", self._answer(self._pages.show_trace)),
            Route("/live", self._stream),
            Route("/static/{name:str}", self._send_file),
            Route(HEALTH, self._check_health),
        ]
        self.asgi = AccessMiddleware(Starlette(routes=routes), token=token)

    async def _receive(self, request: Request) -> Response:
        kind = request.headers.get("content-type", "")
        encoding = request.headers.get("content-encoding", "")
        try:
            body = await read_bounded(request)
            added = await asyncio.to_thread(
                receive, self.store, request.url.path, body, content_type=kind, encoding=encoding
            )
        except RefusedError as refused:
            return PlainTextResponse(f"{refused.reason}\n", refused.status)
        except ClientDisconnect:
            return PlainTextResponse("", 400)
        except StoreError as error:
            self._on_failure(str(error))
            # Senders keep what they are asked to send later.
            return PlainTextResponse(f"{error}\n", 503, {"retry-after": "5"})
        if added:
            self.live.announce()
        is_json = kind.startswith(JSON) or SENTRY.fullmatch(request.url.path)
        return Response(b"{}" if is_json else b"", media_type=JSON if is_json else PROTOBUF)

    def _answer(self, show: Callable[[Any], Page]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                page = await asyncio.to_thread(show, request)
            except StoreError as error:
                page = self._pages.show_failure(503, "The store cannot be read", str(error))
            self.shown.set()
            return Response(page.body, page.status, {"content-type": page.kind, **page.headers})

        return answer

    async def _stream(self, request: Request) -> Response:
        text = request.headers.get("last-event-id") or request.query_params.get("after", "")
        newest = await asyncio.to_thread(find_last_number, self.store)
        last = min(int(text), newest) if text.isdecimal() and len(text) < 19 else newest  # noqa: PLR2004 - fits SQLite
        messages = iterate_messages(self.store, self.live, last)
        return StreamingResponse(messages, media_type="text/event-stream")

    async def _send_file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _FILES:
            return PlainTextResponse("there is no such file\n", 404)
        return FileResponse(STATIC / name, media_type=_FILES[name], headers={"cache-control": "no-cache"})

    async def _check_health(self, request: Request) -> Response:
        try:
            await asyncio.to_thread(find_last_number, self.store)
        except StoreError as error:
            return PlainTextResponse(f"{error}\n", 503)
        return PlainTextResponse("ok\n")


async def read_bounded(request: Request) -> bytes:
    """
    Return the body of a request.

    Raises:
        RefusedError: If it is larger than anybody sends.

    """
    refusal = RefusedError(413, f"the body is larger than {MAX_BODY // 2**20} MiB")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length[:20]) > MAX_BODY:
        raise refusal
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise refusal
        parts.append(part)
    return b"".join(parts)
