"""
Access to the viewer: who may ask, from which page, and what a browser may do with the answers.

Everything comes from loopback unless another address was asked for, which
needs a token. A name that a foreign site resolves to loopback is refused by the
header ``Host``, and a foreign page cannot write.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from .addresses import SENTRY

Message = MutableMapping[str, Any]
Application = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

# https://develop.sentry.dev/sdk/overview/#authentication
_SENTRY_KEY = re.compile(r"\bsentry_key=([^\s,]+)")
COOKIE = "otel_crumbs_view"
HEALTH = "/health"
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class AccessMiddleware:
    """
    Lets requests through to an application.

    Args:
        app: The application.
        token: A secret that each request needs; without one only loopback's names are answered to.

    """

    def __init__(self, app: Application, *, token: str | None = None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(message)
            await send(message)

        refusal = self._find_refusal(scope, headers)
        if refusal is not None:
            await _send_line(send_guarded, *refusal)
        elif self._token is not None and "token" in dict(parse_qsl(scope["query_string"].decode("latin-1"))):
            await self._remember_token(scope, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _find_refusal(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Return the status and the line of a request that is not let through."""
        host = find_host(headers.get("host", ""))
        if self._token is None and host not in _LOOPBACK_NAMES:
            return 421, "this viewer answers to localhost and 127.0.0.1 only; `--listen` makes it answer to others"
        if scope["method"] not in {"GET", "HEAD"} and is_foreign(headers):
            return 403, "pages of other sites cannot write here"
        if self._token is None or scope["path"] == HEALTH or self._has_token(scope, headers):
            return None
        return 401, "a token is needed: open the address that `otel-crumbs view` printed, or send it as `Bearer`"

    def _has_token(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            cookies.clear()
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        kind, _, bearer = headers.get("authorization", "").partition(" ")
        given = [
            bearer.strip() if kind.lower() == "bearer" else "",
            cookies[COOKIE].value if COOKIE in cookies else "",
            query.get("token", ""),
            *_iterate_sentry_keys(scope["path"], headers, query),
        ]
        token = (self._token or "").encode()
        return any(hmac.compare_digest(each.encode(), token) for each in given)

    async def _remember_token(self, scope: Mapping[str, Any], send: Any) -> None:
        """Put the token into a cookie, and lead to the same page without it in the address."""
        pairs = [pair for pair in parse_qsl(scope["query_string"].decode("latin-1")) if pair[0] != "token"]
        # One slash: two would lead to another host.
        path = "/" + scope["path"].lstrip("/\\")
        place = f"{path}?{urlencode(pairs)}" if pairs else path
        cookie = f"{COOKIE}={self._token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"
        headers = [(b"location", place.encode("ascii", "replace")), (b"set-cookie", cookie.encode())]
        await send({"type": "http.response.start", "status": 303, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _iterate_sentry_keys(path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> Iterator[str]:
    """Iterate over the keys of a client of Sentry, which has the token as the public key of its DSN."""
    if SENTRY.fullmatch(path):
        yield query.get("sentry_key", "")
        yield from _SENTRY_KEY.findall(headers.get("x-sentry-auth", ""))


def find_host(header: str) -> str:
    """Return the name in a header ``Host``, without the port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Return whether a browser says that a page of another site asks."""
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")


def add_headers(message: Message) -> None:
    """Add what browsers may do to the start of an answer, but for what it says itself."""
    given = {name.lower() for name, _ in message["headers"]}
    added = [(name.encode(), text.encode()) for name, text in _HEADERS.items() if name.encode() not in given]
    message["headers"] = [*message["headers"], *added]


async def _send_line(send: Any, status: int, line: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{line}\n".encode()})
