"""The posting of bodies over HTTP by `requests`, which the standard OTLP exporter depends on anyway."""

from __future__ import annotations

import gzip
import netrc  # noqa: F401 - or `requests` imports it at the first request: a child forked then waits for it forever
import zlib
from collections.abc import Callable, Mapping
from time import monotonic
from urllib.parse import urlsplit, urlunsplit

import requests

from otel_crumbs.base.identity import find_version
from otel_crumbs.export.exporter import Outcome

from .deadline import DeadlineAdapter, limit_requests
from .per_process import PerProcess
from .responses import ReceiverResponse, outcome_of_failure

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}

USER_AGENT = f"otel-crumbs/{find_version()}"

# Only the first words of a response matter; one that never ends must not hold up the next event.
_MAX_RESPONSE = 16 * 1024


class Poster:
    """
    Posts to one URL over connections that are kept, and not shared with a forked child.

    Args:
        url: Where to.
        headers: Sent with every request.
        compression: ``none``, ``gzip`` or ``deflate``.
        verify: As of `requests`: whether, or by which authority, certificates are checked.
        cert: As of `requests`: our own certificate.

    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        compression: str = "none",
        verify: str | bool = True,
        cert: str | tuple[str, str] | None = None,
    ) -> None:
        self._url = url
        self._shown_url = remove_secrets(url)
        self._headers = headers
        self._compression = compression
        self._verify = verify
        self._cert = cert
        self._session = PerProcess(self._make_session)

    def post(self, body: bytes, timeout: float) -> ReceiverResponse | Outcome:
        """Post a body and return the response, or the outcome where there was none."""
        deadline = monotonic() + timeout
        with limit_requests(deadline):
            return self._post(body, timeout, deadline)

    def _post(self, body: bytes, timeout: float, deadline: float) -> ReceiverResponse | Outcome:
        compress = COMPRESS.get(self._compression)
        try:
            response = self._session.get().post(
                self._url,
                data=compress(body) if compress else body,
                timeout=timeout,
                verify=self._verify,
                cert=self._cert,
                allow_redirects=False,
                stream=True,
            )
        except (OSError, ValueError) as error:
            return outcome_of_failure(self._shown_url, error)
        with response:
            return ReceiverResponse(
                url=self._shown_url,
                status=response.status_code,
                reason=response.reason or "",
                headers=response.headers,
                body=_read_beginning(response, deadline),
            )

    def close(self) -> None:
        """Close the connections."""
        session = self._session.get_if_made()
        if session is not None:
            session.close()

    def _make_session(self) -> requests.Session:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, DeadlineAdapter())
        session.headers["User-Agent"] = USER_AGENT
        session.headers.update(self._headers)
        if self._compression in COMPRESS:
            session.headers["Content-Encoding"] = self._compression
        return session


def remove_secrets(url: str) -> str:
    """Return a URL fit for a log: without the user in it, and without the query, which may hold a token."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the URL"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def _read_beginning(response: requests.Response, deadline: float) -> bytes:
    """Return the first bytes of a body, one by one: a slow drip must not outlast the deadline."""
    body = bytearray()
    try:
        for byte in response.iter_content(1):
            body += byte
            if len(body) >= _MAX_RESPONSE or monotonic() > deadline:
                break
    except (OSError, ValueError):  # the status has come, and tells more than a broken body
        pass
    return bytes(body)
